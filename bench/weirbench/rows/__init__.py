"""The rows of the benchmark, in the order in which they run."""

from weirbench.rows import (balance, bulk, churn, client, echo, growth, idle_memory, newcomers, requests, tools,
                            workers)

ROWS = [module.ROW for module in (requests, bulk, churn, idle_memory, echo, workers, newcomers, growth, balance,
                                  client, tools)]
