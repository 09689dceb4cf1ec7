"""How the account is written down for the ledger: `rows` of it, `progress` through it, `log`."""
