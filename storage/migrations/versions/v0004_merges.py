"""Two accounts that a person said are one company."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

MOMENT = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")


def upgrade() -> None:
    """Add what is new; nothing that is stored changes."""
    op.add_column("accounts", sa.Column("own", sa.Text(), nullable=True))
    op.add_column("accounts", sa.Column("merged_into", sa.Text(), nullable=True))
    gone = sa.text("merged_into IS NOT NULL")
    op.create_index(
        op.f("ix_accounts_merged_into"),
        "accounts",
        ["merged_into"],
        unique=False,
        sqlite_where=gone,
        postgresql_where=gone,
    )
    op.create_table(
        "merges",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("keeps", sa.Text(), nullable=False),
        sa.Column("goes", sa.Text(), nullable=False),
        sa.Column("rows", sa.Text(), nullable=True),
        sa.Column("told", sa.Text(), nullable=True),
        sa.Column("lessons", sa.Text(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("taken_back_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merges")),
    )
    op.create_index(op.f("ix_merges_keeps"), "merges", ["keeps"], unique=False)
    op.create_index(op.f("ix_merges_goes"), "merges", ["goes"], unique=False)
