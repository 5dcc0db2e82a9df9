"""Form D of the SEC: what a company says of an exempt offering, as plain sentences.

A Form D names an amount and never a round, so the sentences name none. What is sold in a merger, and what
a fund or a REIT sells to its investors, is no money raised by a company that buys tools.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from lxml import etree

from earmark.errors import SourceChanged
from sources.dates import read_date
from sources.document import parsed
from sources.entries import line
from sources.html import text_of

__all__ = ["FormD", "headline", "read_form_d", "story"]

_FUNDS = {"pooled investment fund", "reits and finance"}
_SECURITIES = {
    "isEquityType": "equity",
    "isDebtType": "debt",
    "isOptionToAcquireType": "options or warrants",
    "isSecurityToBeAcquiredType": "securities to be acquired on exercise",
    "isPooledInvestmentFundType": "interests in a pooled investment fund",
    "isTenantInCommonType": "tenant-in-common interests",
    "isMineralPropertyType": "mineral property interests",
    "isOtherType": "other securities",
}
_MOST_PEOPLE = 12
_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class FormD:
    """What one issuer's Form D states; None where it states nothing, amounts in US dollars."""

    company: str
    cik: str
    industry: str | None
    state: str | None
    incorporated: str | None
    revenue: str | None
    offered: Decimal | None
    sold: Decimal | None
    remaining: Decimal | None
    investors: str | None
    first_sale: datetime | None
    yet_to_sell: bool
    securities: tuple[str, ...]
    people: tuple[str, ...]
    amends: str | None
    is_amendment: bool
    is_fund: bool
    is_merger: bool


def read_form_d(body: bytes, cik: str, url: str) -> FormD:
    """Return what a ``primary_doc.xml`` states of the issuer with a CIK, or else of its first issuer.

    Raises SourceChanged when it is no Form D.
    """
    root = parsed(body.lstrip())  # cut from a whole submission, it starts with a blank line
    if root is None or root.tag != "edgarSubmission":
        raise SourceChanged(
            f"{url} answered, but not with a Form D. Open it in a browser; it is tried again."
        )
    issuers = [node for node in root.iterfind(".//*") if node.tag in ("primaryIssuer", "issuer")]
    issuer = next((node for node in issuers if _number(_said(node, "cik")) == _number(cik)), None)
    issuer = issuer if issuer is not None else next(iter(issuers), None)
    if issuer is None or not (company := _said(issuer, "entityName")):
        raise SourceChanged(f"{url} is a Form D that names no issuer. It is tried again.")
    industry = _said(root, ".//industryGroupType")
    kinds = tuple(words for tag, words in _SECURITIES.items() if _is_true(root, f".//{tag}"))
    return FormD(
        company=company,
        cik=cik,
        industry=industry,
        state=_said(issuer, "issuerAddress/stateOrCountryDescription"),
        incorporated=_incorporated(issuer),
        revenue=_said(root, ".//revenueRange"),
        offered=_amount(_said(root, ".//totalOfferingAmount")),
        sold=_amount(_said(root, ".//totalAmountSold")),
        remaining=_amount(_said(root, ".//totalRemaining")),
        investors=_digits(_said(root, ".//totalNumberAlreadyInvested")),
        first_sale=read_date(_said(root, ".//dateOfFirstSale/value")),
        yet_to_sell=_is_true(root, ".//dateOfFirstSale/yetToOccur"),
        securities=kinds,
        people=tuple(_people(root))[:_MOST_PEOPLE],
        amends=_said(root, ".//previousAccessionNumber"),
        is_amendment=_is_true(root, ".//isAmendment"),
        is_fund=(industry or "").lower() in _FUNDS or _is_true(root, ".//isPooledInvestmentFundType"),
        is_merger=_is_true(root, ".//isBusinessCombinationTransaction"),
    )


def headline(form: FormD) -> str:
    """Return the title of the event: what was sold so far, or else what is to be sold."""
    name = "amended Form D" if form.is_amendment else "Form D"
    if form.is_merger:
        return f"{form.company} filed {_an(name)} for securities in a business combination"
    amount = form.sold or form.offered
    if not amount:
        return f"{form.company} filed {_an(name)} for {_an(_kind(form))} offering of an unstated amount"
    if _kind(form) == "debt":
        verb = "secured" if form.sold else "plans"
        return f"{form.company} {verb} debt financing of {_dollars(amount)} ({name})"
    verb = "raised" if form.sold else "plans to raise"
    return f"{form.company} {verb} {_dollars(amount)} in {_an(_kind(form))} offering ({name})"


def story(form: FormD) -> str:
    """Return all that the form states, a sentence to each line."""
    return "\n".join(_sentences(form))


def _sentences(form: FormD) -> Iterator[str]:
    yield f"Total offering amount: {_dollars(form.offered)}."
    yield f"Total amount sold: {_dollars(form.sold)}. Remaining to be sold: {_dollars(form.remaining)}."
    if form.first_sale:
        yield f"Date of first sale: {form.first_sale:%Y-%m-%d}."
    elif form.yet_to_sell:
        yield "Date of first sale: yet to occur."
    for label, value in (
        ("Securities offered", ", ".join(form.securities)),
        ("Investors so far", form.investors),
        ("Industry", form.industry),
        ("Revenue range", form.revenue),
        ("State or country", form.state),
        ("Incorporated", form.incorporated),
        ("Related persons", "; ".join(form.people)),
        ("Amends filing", form.amends if form.is_amendment else None),
    ):
        if value:
            yield f"{label}: {value}."
    if form.is_merger:
        yield "The offering is part of a business combination, such as a merger or an exchange."


def _kind(form: FormD) -> str:
    return (
        "debt" if form.securities == ("debt",) else "equity" if form.securities == ("equity",) else "exempt"
    )


def _an(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _dollars(amount: Decimal | None) -> str:
    return "not stated" if amount is None else f"${amount:,.0f}"


def _people(root: etree._Element) -> Iterator[str]:
    for person in root.iterfind(".//relatedPersonInfo"):
        names = [
            _said(person, f"relatedPersonName/{part}") for part in ("firstName", "middleName", "lastName")
        ]
        # A firm among the persons has its legal form as a first name: "LLC", "Birchgate GP,".
        names = names[::-1] if (names[-1] or "").endswith(",") else names
        name = " ".join(part for part in names if part and part not in ("-", "--", "N/A"))
        roles = [line(text_of(node.text or "")) for node in person.iterfind(".//relationship")]
        clear = _said(person, "relationshipClarification")
        told = ", ".join(role for role in [*roles, clear or ""] if role)
        if name:
            yield f"{name} ({told})" if told else name


def _incorporated(issuer: etree._Element) -> str | None:
    year = _digits(_said(issuer, "yearOfInc/value"))
    place = _said(issuer, "jurisdictionOfInc")
    return ", ".join(part for part in (place, year) if part) or None


def _said(node: etree._Element, path: str) -> str | None:
    # EDGAR writes the word None where there is nothing.
    words = line(text_of(node.findtext(path) or ""))[:_LONGEST]
    return words if words and words.lower() != "none" else None


def _is_true(node: etree._Element, path: str) -> bool:
    return (_said(node, path) or "").lower() in ("true", "1")


def _amount(words: str | None) -> Decimal | None:
    """Return an amount; None for "Indefinite" and anything else that is no sum of money."""
    try:
        amount = Decimal(words or "")
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and 0 <= amount < 10**13 else None


def _digits(words: str | None) -> str | None:
    return words if words and words.isascii() and words.isdigit() else None


def _number(cik: str | None) -> str:
    return (cik or "").lstrip("0")
