"""What is measured, what must be reached, and how it is shown."""
import statistics

# name: (heading, format, whether more is better)
METRICS = {
    "cpu": ("CPU s per million", "%.2f", False),
    "rate": ("requests/s", "%.0f", True),
    "p50": ("p50 us", "%.1f", False),
    "p99": ("p99 us", "%.1f", False),
    "core": ("% of a core", "%.2f", False),
    "longest": ("longest wait of another, ms", "%.2f", False),
    "call": ("the call itself, ms", "%.1f", False),
    "over": ("most above the limit, KiB", "%.0f", False),
    "gone": ("after it was due, ms", "%.0f", False),
    "left": ("% of RSS left after 10 s", "%.1f", False),
    "bytes": ("RSS bytes each", "%.1f", False),
    "save": ("SAVE, s", "%.2f", False),
    "load": ("load at start, s", "%.2f", False),
    "tail": ("p99.9 beside it, x quiet", "%.2f", False),
    "peak": ("peak PSS, x before", "%.2f", False),
    "pong": ("first PONG, ms", "%.1f", False),
    "rss": ("empty RSS, MB", "%.1f", False),
}

# (workload, metric): (limit, "ratio" to the first server or "value")
MUSTS = {
    ("plain", "cpu"): (0.85, "ratio"),
    ("plain", "p99"): (1.0, "ratio"),
    ("500 connections", "cpu"): (0.80, "ratio"),
    ("pipeline 16", "cpu"): (0.55, "ratio"),
    ("pipeline 16", "rate"): (1.7, "ratio"),
    ("pipeline 64", "cpu"): (0.40, "ratio"),
    ("pipeline 64", "rate"): (2.5, "ratio"),
    ("pipeline 16 on 1M keys", "cpu"): (0.60, "ratio"),
    ("8 KiB values", "cpu"): (0.85, "ratio"),
    ("16 KiB values", "cpu"): (0.85, "ratio"),
    ("serial TCP", "p50"): (0.6, "ratio"),
    ("serial TCP", "p99"): (0.6, "ratio"),
    ("serial TCP", "cpu"): (1.1, "ratio"),
    ("serial Unix", "p50"): (0.6, "ratio"),
    ("serial Unix", "p99"): (0.6, "ratio"),
    ("serial Unix", "cpu"): (1.1, "ratio"),
    ("one a millisecond", "core"): (1.3, "ratio"),
    ("churn", "cpu"): (0.9, "ratio"),
    ("idle", "core"): (0.2, "value"),
    ("shop with plain saves", "cpu"): (0.9, "ratio"),
    ("shop with Lua saves", "cpu"): (0.9, "ratio"),
    ("clean 100k", "longest"): (0.5, "ratio"),
    ("clean 100k with Lua", "longest"): (0.5, "ratio"),
    ("flush 1M", "longest"): (5, "value"),
    ("flush 1M", "left"): (5, "value"),
    ("expire 100k", "gone"): (1000, "value"),
    ("expire 100k", "longest"): (1, "value"),
    ("64 MB of memory, LRU", "longest"): (2, "value"),
    ("64 MB of memory, LRU", "over"): (2048, "value"),
    ("string 20+32 B", "bytes"): (100, "value"),
    ("cache entry 1 KiB", "bytes"): (0.80, "ratio"),
    ("cache entry 40 B", "bytes"): (276, "value"),
    ("session 1 KiB", "bytes"): (0.80, "ratio"),
    ("tag member 36 B", "bytes"): (60, "value"),
    ("save and load", "save"): (0.5, "ratio"),
    ("save and load", "load"): (0.5, "ratio"),
    ("BGSAVE of 1M keys", "tail"): (1.5, "value"),
    ("BGSAVE of 1M keys", "peak"): (1.25, "value"),
    ("start", "pong"): (10, "value"),
    ("start", "rss"): (10, "value"),
}


def spread(values):
    middle = statistics.median(values)
    return (max(values) - min(values)) / middle if middle else 0.0


def rows(workload, runs):
    """One row a metric and server; `runs` is {server name: [result of each round]}."""
    base_name = next(iter(runs))
    for metric in METRICS:
        if not runs[base_name] or metric not in runs[base_name][0]:
            continue
        base = statistics.median(run[metric] for run in runs[base_name])
        for name, results in runs.items():
            if not results:
                continue
            values = [run[metric] for run in results]
            value = statistics.median(values)
            ratio = value / base if base else None
            row = {"workload": workload, "metric": metric, "server": name, "value": value,
                   "ratio": ratio, "spread": spread(values), "verdict": None}
            if name != base_name:
                row["verdict"] = verdict(workload, metric, value, ratio)
            yield row


def verdict(workload, metric, value, ratio):
    """'ok', 'short', or None where nothing is asked."""
    if (workload, metric) not in MUSTS:
        return None
    limit, kind = MUSTS[workload, metric]
    reached = ratio if kind == "ratio" else value
    if reached is None:
        return None
    more_is_better = METRICS[metric][2]
    return "ok" if (reached >= limit if more_is_better else reached <= limit) else "short"


HEADING = ("| workload | what | server | value | ratio | spread | must | |\n"
           "|---|---|---|---|---|---|---|---|")


def line(row):
    heading, form, _ = METRICS[row["metric"]]
    limit, kind = MUSTS.get((row["workload"], row["metric"]), ("", ""))
    must = "%g%s" % (limit, "x" if kind == "ratio" else "") if row["verdict"] else ""
    ratio = "%.2f" % row["ratio"] if row["ratio"] is not None else ""
    return "| %-22s | %-27s | %-7s | %9s | %5s | %3.0f%% | %s | %s |" % (
        row["workload"], heading, row["server"], form % row["value"], ratio, 100 * row["spread"],
        must, row["verdict"] or "")
