"""A Salesforce by its own rules: tokens, questions in SOQL, collections, caps, faults record by record.

A question is read as Salesforce reads it: a quote that was not escaped, or a field that is not there, is
refused; long answers come in pages; line ends and times come back in Salesforce's own dress.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from tests.builders import NOW
from tests.exports.fakes.moody import Asked, Moody

__all__ = ["APP", "OWN_FIELDS", "REP", "FakeSalesforce"]

APP, REP, GONE = "005000000000001AAA", "005000000000002AAA", "005000000000009AAA"
KEY = "Earmark_Account_Key__c"
OWN_FIELDS = (
    KEY,
    "Earmark_Stage__c",
    "Earmark_Trigger_Type__c",
    "Earmark_Trigger_Score__c",
    "Earmark_Trigger_Summary__c",
    "Earmark_Trigger_URL__c",
    "Earmark_Last_Trigger_At__c",
)
COLUMNS = {
    "Account": {"Id", "Name", "Website", "Type", "OwnerId", "CreatedDate", "SystemModstamp"},
    "Contact": {"Id", "AccountId"},
    "Task": {
        *("Id", "WhatId", "Subject", "Description", "ActivityDate", "Status", "Priority", "OwnerId"),
        *("IsClosed", "CompletedDateTime", "CreatedDate", "SystemModstamp"),
    },
    "Opportunity": {
        *("Id", "AccountId", "IsWon", "IsClosed", "CreatedDate", "CloseDate", "SystemModstamp"),
    },
}
LONGEST = {"Name": 255, "Website": 255, "Subject": 255, "Description": 32_000, "Earmark_Trigger_URL__c": 255}
MOST, PAGE, LONGEST_ADDRESS = 200, 3, 16_384
_TOKENS = re.compile(
    r"\s*('(?:[^'\\]|\\['\"\\nrtbf%_])*'|[<>!]?=|[(),]|\d{4}-\d\d-\d\dT[\d:.]+Z|\d+|[A-Za-z_.]+\w*)"
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}

Row = dict[str, Any]
Test = Callable[[Row], bool]


class Refused(Exception):
    """The request as a whole is refused."""

    def __init__(self, status: int, code: str, message: str = "no") -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


@dataclass
class FakeSalesforce(Moody):
    """The records of one organisation; ``locked`` names records that are busy, and how often still."""

    records: dict[str, dict[str, Row]] = field(default_factory=lambda: {kind: {} for kind in COLUMNS})
    fields: tuple[str, ...] = OWN_FIELDS
    unique: tuple[str, ...] = (KEY,)
    kinds: tuple[str, ...] = ("Account", "Contact", "Task", "Opportunity")
    locked: dict[str, int] = field(default_factory=dict)
    refused_name: str = ""
    tokens: int = 0
    expired: bool = False
    expires_as: int = 401
    is_used_up: bool = False
    usage: str = "api-usage=48/15000"
    now: datetime = NOW

    def add(self, kind: str, **values: Any) -> str:
        """Put a record there, as if a person had made it."""
        prefix = {"Account": "001", "Contact": "003", "Task": "00T", "Opportunity": "006"}[kind]
        number = f"{prefix}{len(self.records[kind]) + 1:012}AAA"
        made = {"CreatedDate": self.now, "SystemModstamp": self.now, "OwnerId": APP} | values
        self.records[kind][number] = {"Id": number, **made}
        return number

    def change(self, kind: str, number: str, **values: Any) -> None:
        """Change a record, as if a person had."""
        self.now += timedelta(seconds=1)
        self.records[kind][number] |= {**values, "SystemModstamp": self.now}

    def every(self, kind: str) -> list[Row]:
        """Return the records of a kind."""
        return list(self.records[kind].values())

    def do(self, asked: Asked) -> tuple[int, Any, tuple[str, ...]]:
        """Answer one request."""
        try:
            return 200, self._done(asked), (f"Sforce-Limit-Info: {self.usage}",)
        except Refused as refused:
            if asked.path.endswith("/token"):
                return refused.status, {"error": refused.code, "error_description": "no"}, ()
            return refused.status, [{"message": refused.message, "errorCode": refused.code, "fields": []}], ()

    def _done(self, asked: Asked) -> Any:
        if asked.path == "/services/oauth2/token":
            return self._token(asked)
        if self.expired or asked.headers.get("authorization") != f"Bearer 00Dsecret-token-{self.tokens}":
            raise Refused(self.expires_as, "INVALID_SESSION_ID", "Session expired or invalid")
        if self.is_used_up:
            raise Refused(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        path = asked.path.removeprefix("/services/data/v64.0/")
        if path.startswith("query"):
            return self._query(asked, path)
        if path == "composite/sobjects" and asked.method == "DELETE":
            return [self._deleted(number) for number in asked.params["ids"].split(",")[: MOST + 1]]
        if path.startswith("composite/sobjects"):
            return self._collection(asked, path.split("/")[2:])
        raise Refused(404, "NOT_FOUND", "The requested resource does not exist")

    def _token(self, asked: Asked) -> Any:
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        if form != {
            "grant_type": "client_credentials",
            "client_id": "demo-id",
            "client_secret": "demo-secret",
        }:
            raise Refused(400, "invalid_client_id")
        self.tokens += 1
        self.expired = False
        return {
            "access_token": f"00Dsecret-token-{self.tokens}",
            "instance_url": f"http://{asked.headers['host']}" if "host" in asked.headers else None,
            "id": f"https://login.salesforce.example/id/00D/{APP}",
            "token_type": "Bearer",
        }

    def _collection(self, asked: Asked, place: list[str]) -> Any:
        records = asked.json()["records"]
        if len(records) > MOST:
            raise Refused(400, "EXCEEDED_MAX_SIZE_REQUEST")
        for record in records:
            kind = record["attributes"]["type"]
            known = COLUMNS[kind] | (set(self.fields) if kind == "Account" else set()) | {"attributes", "id"}
            if lack := [name for name in record if name not in known]:
                raise Refused(400, "INVALID_FIELD", f"No such column '{lack[0]}' on sobject of type {kind}")
        if place and (place[1] not in self.fields or place[1] not in self.unique):
            raise Refused(404, "NOT_FOUND", "Provided external ID field does not exist or is not accessible")
        return [self._written(asked.method, dict(record), place) for record in records]

    def _written(self, method: str, record: Row, place: list[str]) -> Row:
        kind = record.pop("attributes")["type"]
        held, number = self.records[kind], record.pop("id", None)
        if place:
            if number is not None:
                return _fault(
                    "INVALID_FIELD", "Cannot specify both an external ID reference and a salesforce id"
                )
            number = next((row["Id"] for row in held.values() if row.get(place[1]) == record[place[1]]), None)
        elif method == "PATCH" and number not in held:
            return _fault("ENTITY_IS_DELETED", "entity is deleted")
        if fault := self._fault_of(kind, number, record):
            return fault
        self.now += timedelta(seconds=1)
        if number is None:
            made = {"IsClosed": False} if kind == "Task" else {}
            number = self.add(kind, **made)
        held[number] |= {**record, "SystemModstamp": self.now}
        return {"id": number, "success": True, "errors": []}

    def _fault_of(  # noqa: PLR0911 - one rule after the other
        self, kind: str, number: str | None, record: Row
    ) -> Row | None:
        held = self.records[kind]
        if self.locked.get(number or record.get("Name", ""), 0) > 0:
            self.locked[number or record["Name"]] -= 1
            return _fault("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")
        for name, value in record.items():
            if isinstance(value, str) and len(value) > LONGEST.get(name, 32_000):
                return _fault("STRING_TOO_LONG", "data value too large", name)
        if self.refused_name and record.get("Name") == self.refused_name:
            return _fault("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Names need a legal form", "Name")
        if record.get("OwnerId") not in (None, APP, REP):
            return _fault("INACTIVE_OWNER_OR_USER", "operation performed with inactive user", "OwnerId")
        if kind == "Account" and number is None and not record.get("Name"):
            return _fault("REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]", "Name")
        if kind == "Task" and number is None and record.get("WhatId") not in self.records["Account"]:
            return _fault("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", "WhatId")
        for name in self.unique:
            taken = (row for row in held.values() if row["Id"] != number and row.get(name) is not None)
            if any(row.get(name) == record.get(name) for row in taken):
                return _fault("DUPLICATE_VALUE", "duplicate value found", name)
        return None

    def _deleted(self, number: str) -> Row:
        for held in self.records.values():
            if held.pop(number, None):
                return {"id": number, "success": True, "errors": []}
        return _fault("ENTITY_IS_DELETED", "entity is deleted")

    def _query(self, asked: Asked, path: str) -> Any:
        if path != "query":  # query/NUMBER-OFFSET, of a question that was asked before
            number, _, start = path.removeprefix("query/").partition("-")
            rows, begin = self._answers[int(number)], int(start)
        else:
            soql = asked.params["q"]
            if len(soql) * 1.2 > LONGEST_ADDRESS:
                raise Refused(414, "URI_TOO_LONG")
            self._answers.append(Question(self, soql).rows())
            number, rows, begin = str(len(self._answers) - 1), self._answers[-1], 0
        end = begin + PAGE
        told = {"totalSize": len(rows), "done": end >= len(rows), "records": rows[begin:end]}
        following = {"nextRecordsUrl": f"/services/data/v64.0/query/{number}-{end}"}
        return told if told["done"] else told | following

    def __post_init__(self) -> None:
        self._answers: list[list[Row]] = []


class Question:
    """A question in SOQL, read word by word."""

    def __init__(self, crm: FakeSalesforce, soql: str) -> None:
        self._crm, self._words = crm, list(_words(soql))

    def rows(self) -> list[Row]:
        """Return the answer, dressed as Salesforce dresses it."""
        self._expect("SELECT")
        columns = [self._next()]
        while self._is_next(","):
            columns.append(self._next())
        self._expect("FROM")
        kind = self._next()
        if kind not in self._crm.kinds:
            raise Refused(400, "INVALID_TYPE", f"sObject type '{kind}' is not supported.")
        self._kind = kind
        for column in columns:
            self._check(column)
        test = self._either() if self._is_next("WHERE") else lambda _: True
        found = [row for row in self._crm.every(kind) if test(row)]
        if self._is_next("ORDER"):
            self._expect("BY")
            names = [self._next()]
            while self._is_next(","):
                names.append(self._next())
            found.sort(key=lambda row: [row[name] for name in names])
        if self._is_next("LIMIT"):
            found = found[: int(self._next())]
        if self._words:
            raise Refused(400, "MALFORMED_QUERY", f"unexpected token: {self._words[0]}")
        return [self._dressed(row, columns) for row in found]

    def _either(self) -> Test:
        tests = [self._both()]
        while self._is_next("OR"):
            tests.append(self._both())
        return lambda row: any(test(row) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._is_next("AND"):
            tests.append(self._one())
        return lambda row: all(test(row) for test in tests)

    def _one(self) -> Test:
        if self._is_next("("):
            test = self._either()
            self._expect(")")
            return test
        name, sign = self._next(), self._next()
        self._check(name)
        if sign == "IN":
            self._expect("(")
            values = [_text(self._next()).lower()]
            while self._is_next(","):
                values.append(_text(self._next()).lower())
            self._expect(")")
            if name.endswith("Id"):
                ids = {value[:15] for value in values}
                return lambda row: str(row.get(name) or "").lower()[:15] in ids
            return lambda row: str(row.get(name) or "").lower() in values
        value = self._next()
        if sign == "LIKE":
            pattern = re.compile(_pattern(value[1:-1]), re.IGNORECASE | re.DOTALL)
            return lambda row: pattern.fullmatch(str(row.get(name) or "")) is not None
        if sign == ">=":
            since = datetime.fromisoformat(value)
            return lambda row: bool(row[name] >= since)
        wanted = {"true": True, "false": False, "null": None}[value]
        return lambda row: (row.get(name) == wanted) is (sign == "=")

    def _check(self, column: str) -> None:
        kind, _, name = column.rpartition(".")
        known = COLUMNS[{"Account": "Account"}.get(kind, self._kind)] | set(
            self._crm.fields if "Account" in (kind, self._kind) else ()
        )
        if kind.endswith("Owner"):
            known = {"Name", "Email", "IsActive"}
        if name not in known:
            raise Refused(400, "INVALID_FIELD", f"No such column '{name}' on entity '{self._kind}'")

    def _dressed(self, row: Row, columns: list[str]) -> Row:
        told: Row = {"attributes": {"type": self._kind}}
        for column in columns:
            *above, name = column.split(".")
            place, held = told, row
            for each in above:
                held = self._above(held, each)
                place = place.setdefault(each, {})
            place[name] = _dress(held.get(name))
        return told

    def _above(self, row: Row, name: str) -> Row:
        if name == "Account":
            return self._crm.records["Account"][row["AccountId"]]
        number = row.get("OwnerId")
        who = {APP: "Integration User", REP: "Ines Rep", GONE: "Gone Rep"}[number or APP]
        email = f"{who.split()[0].lower()}@seller.example"
        return {"Name": who, "Email": email, "IsActive": number != GONE}

    def _next(self) -> str:
        if not self._words:
            raise Refused(400, "MALFORMED_QUERY", "unexpected end")
        return self._words.pop(0)

    def _is_next(self, word: str) -> bool:
        if self._words and self._words[0] == word:
            self._words.pop(0)
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._is_next(word):
            raise Refused(400, "MALFORMED_QUERY", f"expecting {word}")


def _words(soql: str) -> Iterator[str]:
    place = 0
    while place < len(soql):
        found = _TOKENS.match(soql, place)
        if found is None:
            raise Refused(400, "MALFORMED_QUERY", f"unexpected token at {place}")
        yield found[1]
        place = found.end()


def _text(word: str) -> str:
    if not word.startswith("'"):
        raise Refused(400, "MALFORMED_QUERY", "expecting a string")
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), word[1:-1])


def _pattern(text: str) -> str:
    """Return the pattern that a text of LIKE means; an escaped wildcard is a sign like others."""
    signs = re.findall(r"\\.|.", text, re.DOTALL)
    kinds = {"%": ".*", "_": "."}
    return "".join(
        re.escape(_ESCAPES.get(sign[1], sign[1]))
        if sign.startswith("\\")
        else kinds.get(sign, re.escape(sign))
        for sign in signs
    )


def _dress(value: Any) -> Any:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03}+0000"
    return value.replace("\n", "\r\n") if isinstance(value, str) else value


def _fault(code: str, message: str, *fields: str) -> Row:
    return {"success": False, "errors": [{"statusCode": code, "message": message, "fields": list(fields)}]}
