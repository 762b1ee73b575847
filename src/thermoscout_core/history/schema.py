"""The tables of a history file, and how an older file becomes one of today.

docs/history.md explains them. A change of the schema is one more entry in MIGRATIONS; the number
of those that a file has seen is its user_version. An entry that was released is never edited.
"""

from __future__ import annotations

APPLICATION_ID = 0x54484D53
"""'THMS' in the file's header: what tells a history from any other SQLite file."""

_VERSION_1 = """
CREATE TABLE patrols (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  began_s REAL NOT NULL,               -- Unix time of the first frame
  ended_s REAL NOT NULL,               -- of the latest so far
  camera TEXT NOT NULL,
  model TEXT NOT NULL,                 -- detector
  rules TEXT NOT NULL,
  thermoscout TEXT NOT NULL            -- version that wrote it
) STRICT;

CREATE TABLE waypoints (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  x_m REAL, y_m REAL, yaw_rad REAL     -- NULL: no pose was given
) STRICT;

CREATE TABLE equipment (
  id INTEGER PRIMARY KEY,
  waypoint_id INTEGER NOT NULL REFERENCES waypoints(id),
  class_name TEXT NOT NULL,
  x1 REAL NOT NULL, y1 REAL NOT NULL,  -- its box when first seen, in widths and heights of the
  x2 REAL NOT NULL, y2 REAL NOT NULL,  -- frame, 0..1
  label TEXT NOT NULL DEFAULT ''       -- the owner's name for it
) STRICT;
CREATE INDEX equipment_of_waypoint ON equipment(waypoint_id);

CREATE TABLE thermograms (
  id INTEGER PRIMARY KEY,
  patrol_id INTEGER NOT NULL REFERENCES patrols(id),
  waypoint_id INTEGER REFERENCES waypoints(id),
  stamp_s REAL NOT NULL,               -- Unix time of the frame
  path TEXT NOT NULL,                  -- file, '' for a frame that wasn't kept
  width_px INTEGER NOT NULL, height_px INTEGER NOT NULL
) STRICT;
CREATE INDEX thermograms_of_patrol ON thermograms(patrol_id);

CREATE TABLE readings (
  id INTEGER PRIMARY KEY,
  thermogram_id INTEGER NOT NULL REFERENCES thermograms(id),
  equipment_id INTEGER REFERENCES equipment(id),  -- NULL: not recognised, no waypoint
  track INTEGER NOT NULL,              -- number within the patrol, 0: single picture
  class_name TEXT NOT NULL,
  score REAL NOT NULL,
  x1_px REAL NOT NULL, y1_px REAL NOT NULL, x2_px REAL NOT NULL, y2_px REAL NOT NULL,
  hot_x_px INTEGER, hot_y_px INTEGER,
  measured_c REAL, corrected_c REAL, uncertainty_c REAL, background_c REAL,
  distance_m REAL, emissivity REAL,
  correction TEXT NOT NULL,
  flags TEXT NOT NULL                  -- comma-separated, '' for a reading to be trusted
) STRICT;
CREATE INDEX readings_of_thermogram ON readings(thermogram_id);
CREATE INDEX readings_of_equipment ON readings(equipment_id);

CREATE TABLE verdicts (
  reading_id INTEGER PRIMARY KEY REFERENCES readings(id),
  severity TEXT NOT NULL,              -- unknown, normal, general, serious, critical
  provisional INTEGER NOT NULL,
  rule TEXT NOT NULL, rule_source TEXT NOT NULL,
  t1_c REAL, t2_c REAL, t0_c REAL,
  relative_difference REAL,
  reason TEXT NOT NULL,
  fault_frames INTEGER NOT NULL,       -- a fault in so many
  recent_frames INTEGER NOT NULL       -- of its latest judged frames
) STRICT;

CREATE TABLE alarms (                  -- one row a change
  id INTEGER PRIMARY KEY,
  patrol_id INTEGER NOT NULL REFERENCES patrols(id),
  number INTEGER NOT NULL,             -- of the alarm within the patrol
  track INTEGER NOT NULL,
  equipment_id INTEGER REFERENCES equipment(id),
  state TEXT NOT NULL,                 -- raised, changed, cleared, out_of_view, seen_again
  severity TEXT NOT NULL,
  stamp_s REAL NOT NULL,
  first_fault_s REAL NOT NULL,
  raised_s REAL NOT NULL,
  t1_c REAL,
  rule TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT;
CREATE INDEX alarms_of_patrol ON alarms(patrol_id);
"""

MIGRATIONS: tuple[str, ...] = (_VERSION_1,)
"""Entry n takes a file from version n to n + 1; the first makes a new file."""


def schema_version() -> int:
    """The version that this Thermoscout writes."""
    return len(MIGRATIONS)
