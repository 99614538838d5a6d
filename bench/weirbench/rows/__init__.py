"""The rows of the benchmark, in the order in which they run."""

from weirbench.rows import (balance, bulk, churn, client, downfall, echo, growth, idle_memory, newcomers, refused,
                            requests, tls_handshakes, tls_idle_memory, tls_requests, tls_storm, tools, upstreams, waiters,
                            workers)

ROWS = [*(module.ROW for module in (requests, bulk, churn, idle_memory, echo, workers, newcomers, growth, balance,
                                    client, upstreams, waiters, refused, downfall, tools, tls_handshakes,
                                    tls_requests)),
        tls_requests.BULK_ROW, tls_idle_memory.ROW, tls_storm.ROW]
