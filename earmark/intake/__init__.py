"""Account files as CRMs export them → accounts and a row report.

Nothing is dropped silently: each row that is refused, merged or only partly used has its line and reason.
"""

from earmark.intake.accounts import Intake, Report, RowReport, read_accounts

__all__ = ["Intake", "Report", "RowReport", "read_accounts"]
