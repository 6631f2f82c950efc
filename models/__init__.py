"""The record: tables, codes, ledgers, migrations and the invariants over them. Imports nothing of ours."""
