# SPDX-License-Identifier: MIT
from ._efd import (
    EFD_ARENA_NO_LOOK as EFD_ARENA_NO_LOOK, EFD_ARMED as EFD_ARMED, EFD_CLOEXEC as EFD_CLOEXEC, EFD_EVERY as EFD_EVERY,
    EFD_LEVEL as EFD_LEVEL, EFD_LINGER_AUTO as EFD_LINGER_AUTO, EFD_LINGER_OFF as EFD_LINGER_OFF,
    EFD_NONBLOCK as EFD_NONBLOCK, EFD_SEMAPHORE as EFD_SEMAPHORE, EFD_SHARED as EFD_SHARED, __version__ as __version__,
    arena as arena, cancel_token as cancel_token, event as event, eventfd as eventfd,
    renew_descriptors as renew_descriptors, system_calls as system_calls, wait_set as wait_set
)

__all__: list[str]
