"""Everything messplus raises on purpose.

::

    MessPlusError
    ├── ConfigError (ValueError)        a setting breaks its rule
    ├── InputError (ValueError)         an argument of a call breaks its rule
    │   ├── ShapeError                  an array or table has the wrong shape or dtype
    │   ├── NonFiniteError              NaN or infinity where a finite number is needed
    │   └── UnservableError             no model that is allowed can serve the request
    ├── FeedbackError (ValueError)      the decision is unknown, expired or already rated
    ├── StateError (ValueError)         saved state is truncated, corrupt or not ours
    │   ├── StateVersionError           saved state has a format this version does not read
    │   └── StateLockedError            another process has the state open, and does not share it
    ├── FeaturizerError (RuntimeError)  a prompt could not be turned into features
    │   └── EncoderError                an encoder folder is incomplete, corrupt or not supported
    │       └── UnsafeEncoderError      an encoder folder is not to be trusted
    └── MissingDependencyError (ImportError)  an optional package is not installed

Messages name the field, the rule and the value found. A call that raises has changed nothing.
"""


class MessPlusError(Exception):
    """Base class of every exception messplus raises on purpose."""


class ConfigError(MessPlusError, ValueError):
    """A setting breaks its rule."""


class InputError(MessPlusError, ValueError):
    """An argument of a call breaks its rule."""


class ShapeError(InputError):
    """An array or table has the wrong shape or dtype."""


class NonFiniteError(InputError):
    """NaN or infinity where a finite number is needed."""


class UnservableError(InputError):
    """No model that is allowed supports what the request requires, or takes so long a prompt."""


class FeedbackError(MessPlusError, ValueError):
    """The decision is unknown, expired or already rated."""


class StateError(MessPlusError, ValueError):
    """Saved state is truncated, corrupt, or was made with another configuration."""


class StateVersionError(StateError):
    """Saved state has a format this version does not read."""


class StateLockedError(StateError):
    """Another process has the state open, and does not share it."""


class FeaturizerError(MessPlusError, RuntimeError):
    """A prompt could not be turned into features."""


class EncoderError(FeaturizerError):
    """An encoder folder is incomplete, corrupt or not supported."""


class UnsafeEncoderError(EncoderError):
    """An encoder folder reaches outside itself, brings code, or is not the one expected."""


class MissingDependencyError(MessPlusError, ImportError):
    """An optional package is not installed; the message names the extra that brings it."""
