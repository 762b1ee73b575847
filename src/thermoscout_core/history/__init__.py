"""The history: patrols, equipment, readings, verdicts and alarms in one SQLite file."""
