"""The errors that a user can mend. Each message says what, where and what to do."""


class ThermoscoutError(Exception):
    """Base of every error raised on purpose; the command line prints it plainly."""


class ThermogramError(ThermoscoutError):
    """A file is no readable thermogram: foreign, truncated, or without the data it claims."""


class FrameError(ThermoscoutError):
    """A frame can't be used: wrong size, wrong encoding, or no usable pixel."""


class ConfigurationError(ThermoscoutError):
    """A configuration file or parameter has an unknown key, a wrong type or a wrong value."""


class ModelError(ThermoscoutError):
    """A model file is missing, foreign, or doesn't fit what was asked of it."""


class DeviceError(ThermoscoutError):
    """A camera or a rangefinder can't be opened, answers wrongly, or is gone."""


class LoginError(DeviceError):
    """A device refuses user and password; it locks the account when asked too often."""


class DatasetError(ThermoscoutError):
    """A dataset folder or an annotation in it is missing or wrong."""


class ResultsError(ThermoscoutError):
    """A results file can't be read, or results and report can't be written where asked."""


class HistoryError(ThermoscoutError):
    """A history file can't be read or written: foreign, newer, damaged, locked, disk full."""


class EngineError(ModelError):
    """A TensorRT engine can't be built, is missing or stale, fails its self-test, or its GPU has
    no memory left or is gone."""
