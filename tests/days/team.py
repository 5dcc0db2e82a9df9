"""The team of every day: Ledgerlight, invented, which sells software for the month-end close."""

__all__ = ["RULES"]

RULES = """\
threshold = 20.0
companies = ["Fjordgate Capital", "Brandt Industrie"]
floor = 0.5

[[icp]]
field = "size"
op = "at_least"
value = 100
sentence = "At least 100 people: the close is shared by a team"

[[icp]]
field = "industry"
op = "in"
value = ["Software", "Logistics", "Health care", "Robotics"]
sentence = "An industry in which we have references"

[[problems]]
id = "slow-close"
name = "The month-end close is slow"
phrases = ["month-end close", "close the books", "closing the books", "faster close"]
not_phrases = ["close the book on"]
rivals = ["Spendaro", "Billhaus"]

[[plays]]
id = "new-money"
kind = "funding_early"
personas = ["CFO", "Head of Finance Systems"]
talk = [
  "After a round the board wants figures in days, not weeks.",
  "Every new entity makes the close longer.",
  "How many days does your close take today?",
]
opener = "Congratulations on the {round}, {account}. How long does your close take?"
steps = ["Call the CFO", "Mail the case study", "Call once more", "Ask for the right person"]

[[plays]]
id = "new-leader"
kind = "exec_hire"
personas = ["CFO", "CIO"]
talk = ["The first 90 days are when tools are looked at."]
opener = "Congratulations to {person} on the new role at {account}. Is the close on your list?"

[[proofs]]
id = "harrow"
text = "Harrow Freight closes in three days instead of eleven"
url = "https://ledgerlight.example/harrow"
industry = "Logistics"

[[proofs]]
id = "close"
text = "Eighteen finance teams cut their close by half"
problem = "slow-close"
"""
