"""Pure judgement of evidence: `model` is a verdict, `checks` find faults, `render` shows them."""
