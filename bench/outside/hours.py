"""How long the package datafusion takes for hourly averages of a month over 1,000 series, on the bare files of an archive.

`python bench/outside/hours.py FOLDER [series] [times]` asks of the folder that the bench `lake` filled what that asks itself:
random series, the first 30 days, to the last Arrow batch. It wants the package datafusion.
"""

import glob
import random
import sys
import time

from datafusion import SessionContext

folder, series, times = sys.argv[1], int((sys.argv[2:] or [10_000])[0]), int((sys.argv[3:] or [200])[0])
files = glob.glob(f"{folder}/_default/instances/*.parquet")
context = SessionContext()
context.register_parquet("past", f"{folder}/_default/instances/")
took = []
for _ in range(times):
    chosen = random.sample(range(series), min(1000, series))
    ids = ", ".join(f"'urn:ngsi-ld:WeatherObserved:fukui-{number:06}'" for number in chosen)
    begun = time.perf_counter()
    batches = context.sql(f"""
        select entity_id, date_trunc('hour', observed_at), avg(number) from past
        where entity_id in ({ids}) and deleted_at is null
          and observed_at >= timestamp '2026-03-01T00:00:00Z' and observed_at < timestamp '2026-03-31T00:00:00Z'
        group by 1, 2""").collect()
    took.append(time.perf_counter() - begun)
    rows = sum(batch.num_rows for batch in batches)
    assert rows >= len(chosen) * 24 * 30, f"every hour has an average: {rows}"
took.sort()
p50, p95 = took[len(took) // 2], took[int(len(took) * 0.95)]
print(f"datafusion on {len(files)} bare files: p50 {p50 * 1000:.1f} ms, p95 {p95 * 1000:.1f} ms")
