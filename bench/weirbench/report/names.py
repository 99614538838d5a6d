"""Programs as people write them."""

NAMES = {"weir": "Weir", "haproxy": "HAProxy", "haproxy-splice": "HAProxy, splice forced",
         "before": "Weir before", "epoll": "hand-written epoll", "redis": "Redis"}


def name_of(program):
    return NAMES.get(program, program)
