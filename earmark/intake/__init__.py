"""Files as CRMs export them → accounts or contacts, and a row report.

Nothing is dropped silently: each row that is refused, merged or only partly used has its line and reason.
"""

from earmark.intake.accounts import Claim, Intake, read_accounts
from earmark.intake.contacts import ContactIntake, Introduced, read_contacts
from earmark.intake.keys import Key, crm_key
from earmark.intake.preview import Preview, Subject, preview
from earmark.intake.report import Report, RowReport
from earmark.intake.suppressions import Barred, SuppressionIntake, read_suppressions

__all__ = [
    "Barred",
    "Claim",
    "ContactIntake",
    "Intake",
    "Introduced",
    "Key",
    "Preview",
    "Report",
    "RowReport",
    "Subject",
    "SuppressionIntake",
    "crm_key",
    "preview",
    "read_accounts",
    "read_contacts",
    "read_suppressions",
]
