# SPDX-License-Identifier: MIT
from ._efd import EFD_ARENA_NO_LOOK as EFD_ARENA_NO_LOOK
from ._efd import EFD_ARMED as EFD_ARMED
from ._efd import EFD_CLOEXEC as EFD_CLOEXEC
from ._efd import EFD_EVERY as EFD_EVERY
from ._efd import EFD_LEVEL as EFD_LEVEL
from ._efd import EFD_LINGER_AUTO as EFD_LINGER_AUTO
from ._efd import EFD_LINGER_OFF as EFD_LINGER_OFF
from ._efd import EFD_NONBLOCK as EFD_NONBLOCK
from ._efd import EFD_SEMAPHORE as EFD_SEMAPHORE
from ._efd import EFD_SHARED as EFD_SHARED
from ._efd import __version__ as __version__
from ._efd import arena as arena
from ._efd import cancel_token as cancel_token
from ._efd import event as event
from ._efd import eventfd as eventfd
from ._efd import renew_descriptors as renew_descriptors
from ._efd import system_calls as system_calls
from ._efd import wait_set as wait_set

__all__: list[str]
