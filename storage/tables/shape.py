"""What the tables share: their metadata, and the columns that recur."""

from sqlalchemy import BigInteger, Column, Integer, MetaData, Text

from storage.columns import Packed

__all__ = ["identity", "many", "metadata", "plain", "sequence"]

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def identity() -> Column[str]:
    """Return the column of an id that follows from what it names."""
    return Column("id", Text, primary_key=True)


def sequence() -> Column[int]:
    """Return the column of a number that counts the rows."""
    # SQLite numbers rows by itself only in an INTEGER primary key.
    number = BigInteger().with_variant(Integer(), "sqlite")
    return Column("number", number, primary_key=True, autoincrement=True)


def many() -> Packed:
    """Return the type of a column of several words."""
    return Packed(tuple[str, ...])


def plain() -> Text:
    """Return the type of a text that is searched by its beginning.

    It is compared byte by byte on both databases, so that a range of the index is a search by prefix.
    """
    return Text().with_variant(Text(collation="C"), "postgresql")
