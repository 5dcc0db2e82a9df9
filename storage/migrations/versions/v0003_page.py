"""The page: users, sessions, tokens, views, digests and search; stories that a person joined."""

import json
import re
import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

MOMENT = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BATCH = 500


def upgrade() -> None:
    """Add what is new, and make what is there findable; nothing that is stored changes."""
    op.add_column("triggers", sa.Column("matched_at", MOMENT, nullable=True))
    _orders()
    _joins()
    _people()
    _lists()
    _search()
    _fill()


def _orders() -> None:
    """Make the indexes in whose orders a page of the list is read."""
    waiting = sa.text("ended_at IS NULL")
    counted = ["account", "kind", "problem", "polarity", "state", "expires_at", "mark"]
    offered = sa.text("offered_to IS NOT NULL")
    parts = (
        ("ix_triggers_waiting_score", ["score_now", "id"], waiting),
        ("ix_triggers_waiting_kind", ["kind", "score_now", "id"], waiting),
        ("ix_triggers_waiting_end", ["expires_at", "id"], waiting),
        ("ix_triggers_waiting_account", counted, waiting),
        ("ix_triggers_offered", ["account"], offered),
    )
    for name, columns, where in parts:
        op.create_index(name, "triggers", columns, sqlite_where=where, postgresql_where=where)
    op.create_index(op.f("ix_triggers_created_at_id"), "triggers", ["created_at", "id"])
    op.create_index(op.f("ix_triggers_state_ended_at_id"), "triggers", ["state", "ended_at", "id"])
    op.create_index(op.f("ix_transitions_actor_number"), "transitions", ["actor", "number"])
    op.create_index(op.f("ix_accounts_stage"), "accounts", ["stage"])
    op.create_index(op.f("ix_accounts_owner"), "accounts", ["owner"])
    op.create_index(op.f("ix_accounts_territory"), "accounts", ["territory"])


def _joins() -> None:
    op.create_table(
        "joins",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("past", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("one", sa.Text(), nullable=False),
        sa.Column("other", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("taken_back_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_joins")),
    )
    op.create_index(op.f("ix_joins_past"), "joins", ["past"], unique=False)


def _people() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("rep", sa.Text(), nullable=True),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("preferences", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("disabled_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_user"), "sessions", ["user"], unique=False)
    op.create_table(
        "tokens",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=True),
        sa.Column("query", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_tokens_digest")),
    )
    op.create_index(op.f("ix_tokens_user"), "tokens", ["user"], unique=False)


def _lists() -> None:
    op.create_table(
        "views",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_views")),
    )
    op.create_index(op.f("ix_views_user"), "views", ["user"], unique=False)
    op.create_table(
        "digests",
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("every", sa.Text(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("through", MOMENT, nullable=True),
        sa.Column("next_at", MOMENT, nullable=True),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("user", name=op.f("pk_digests")),
    )
    op.create_index(op.f("ix_digests_next_at"), "digests", ["next_at"], unique=False)


def _search() -> None:
    op.create_table(
        "search",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["trigger"], ["triggers.id"], name=op.f("fk_search_trigger"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_search")),
        sa.UniqueConstraint("trigger", name=op.f("uq_search_trigger")),
    )
    op.create_index(op.f("ix_search_account"), "search", ["account"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE INDEX search_words ON search USING gin (to_tsvector('simple', body))")
        return
    op.execute(
        "CREATE VIRTUAL TABLE search_words USING fts5(body, content='search', content_rowid='number', "
        "tokenize='unicode61 remove_diacritics 2', prefix='2 3')"
    )
    gone = "INSERT INTO search_words(search_words, rowid, body) VALUES ('delete', old.number, old.body);"
    made = "INSERT INTO search_words(rowid, body) VALUES (new.number, new.body);"
    op.execute(f"CREATE TRIGGER search_made AFTER INSERT ON search BEGIN {made} END")
    op.execute(f"CREATE TRIGGER search_gone AFTER DELETE ON search BEGIN {gone} END")
    op.execute(f"CREATE TRIGGER search_changed AFTER UPDATE ON search BEGIN {gone} {made} END")


def _fill() -> None:
    """Put the words of the notes that are there into the search, and the names of their accounts."""
    triggers = sa.table("triggers", sa.column("id"), sa.column("account"), sa.column("note"))
    listed = sa.table("accounts", sa.column("id"), sa.column("search"))
    search = sa.table("search", sa.column("trigger"), sa.column("account"), sa.column("body"))
    conn, last = op.get_bind(), ""
    while True:
        query = sa.select(triggers, listed.c.search).outerjoin(listed, listed.c.id == triggers.c.account)
        query = query.where(triggers.c.note.is_not(None), triggers.c.id > last)
        rows = conn.execute(query.order_by(triggers.c.id).limit(BATCH)).all()
        if not rows:
            return
        last = rows[-1].id
        conn.execute(
            sa.insert(search),
            [
                {"trigger": row.id, "account": row.account, "body": _words(row.note, row.search)}
                for row in rows
            ],
        )


def _words(note: str, names: str | None) -> str:
    told = json.loads(note)
    said = "\n".join([told["headline"], *(each["text"] for each in told["sentences"]), names or ""])
    split = unicodedata.normalize("NFKD", said).casefold()
    plain = "".join(char for char in split if not unicodedata.combining(char))
    return " ".join(re.findall(r"[^\W_]+", plain))
