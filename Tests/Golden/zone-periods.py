"""Works out starts of usage periods with Python's own reader of the zone database, for a test to compare.

A line for each zone that differs from those before it: its name, the instants from 2000 to 2060 at which its clocks change, how many
starts were worked out around them, and a number that all of these starts go into.
"""

import calendar
import datetime
import zoneinfo

UTC = datetime.timezone.utc
FIRST = int(datetime.datetime(2000, 1, 1, tzinfo=UTC).timestamp())
LAST = int(datetime.datetime(2061, 1, 1, tzinfo=UTC).timestamp())
STEP = 2 * 86_400
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
SECOND = datetime.timedelta(seconds=1)
DAYS = (1, 15, 28, 29, 30, 31)


def offset(zone, instant):
    return datetime.datetime.fromtimestamp(instant, zone).utcoffset() // SECOND


def changes(zone):
    before = offset(zone, FIRST)
    for end in range(FIRST + STEP, LAST, STEP):
        after = offset(zone, end)
        if after == before:
            continue
        low, high = end - STEP, end
        while high - low > 1:
            middle = (low + high) // 2
            if offset(zone, middle) == before:
                low = middle
            else:
                high = middle
        yield high, before, after
        before = after


def resolved(zone, year, month, day, seconds):
    """The first time that the clock shows this; where it never does, later by as much as it was put forward."""
    wall = datetime.datetime(year, month, day, tzinfo=zone) + seconds * SECOND
    return (wall.replace(fold=0).astimezone(UTC) - EPOCH) // SECOND


def starts(zone, change, before, after):
    """Of months that begin a year before a change, at the time of day in the middle of what is skipped or comes twice."""
    wall = EPOCH + (change + min(before, after) + abs(after - before) // 2) * SECOND
    year, seconds = wall.year - 1, (wall.hour * 60 + wall.minute) * 60 + wall.second
    for day in DAYS + (wall.day,):
        begin = resolved(zone, year, wall.month, min(day, calendar.monthrange(year, wall.month)[1]), seconds)
        # What is skipped then, too, begins later, and stays at that time of day.
        first = datetime.datetime.fromtimestamp(begin, zone)
        of_day = (first.hour * 60 + first.minute) * 60 + first.second
        for number in range(1 if day == wall.day else 10, 15):
            index = first.year * 12 + first.month - 1 + number
            last = calendar.monthrange(index // 12, index % 12 + 1)[1]
            yield resolved(zone, index // 12, index % 12 + 1, min(first.day, last), of_day)


def main():
    seen = set()
    for name in sorted(zoneinfo.available_timezones()):
        zone = zoneinfo.ZoneInfo(name)
        all_changes = tuple(changes(zone))
        key = (offset(zone, FIRST), all_changes)
        if key in seen:
            continue
        seen.add(key)
        count = digest = 0
        for change in all_changes:
            for start in starts(zone, *change):
                digest = (digest * 6364136223846793005 + start + 1442695040888963407) % 2**64
                count += 1
        print(name, ",".join(str(change[0]) for change in all_changes) or "-", count, digest)


main()
