"""Writes zone-offsets.txt anew from the time zones of this machine: python3 zone-offsets.py >zone-offsets.txt

Every kind of local time that a file below /usr/share/zoneinfo knows is taken, whenever it was or will be in use. Debian's
tzdata has the zones' whole past; elsewhere what was before 1970 may be missing.
"""

import pathlib
import struct
import subprocess

root = pathlib.Path("/usr/share/zoneinfo")
zones = {}
for path in sorted(root.rglob("*")):
    name = path.relative_to(root)
    # The same zones once more, with and without leap seconds.
    if name.parts[0] in ("posix", "right") or not path.is_file() or path.read_bytes()[:4] != b"TZif":
        continue
    block = path.read_bytes()
    for width in (4, 8):
        version, is_ut, is_standard, leaps, times, kinds, letters = struct.unpack(">4xc15x6l", block[:44])
        at = 44 + times * (width + 1)
        for kind in range(kinds):
            (seconds,) = struct.unpack_from(">l", block, at + 6 * kind)
            zones.setdefault(seconds, str(name))
        block = block[at + 6 * kinds + letters + leaps * (width + 4) + is_standard + is_ut :]
        if version < b"2":
            break

package = subprocess.run(["dpkg-query", "-W", "tzdata"], capture_output=True, text=True).stdout.split()
print("# Every offset from UTC that a time zone has ever had or will have, in seconds to the east, and the first zone by name")
print(f"# that had it: {len(zones)} of them, from {' '.join(package)} by zone-offsets.py.")
for seconds in sorted(zones):
    print(seconds, zones[seconds])
