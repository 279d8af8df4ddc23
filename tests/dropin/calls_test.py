# SPDX-License-Identifier: MIT
# tests/dropin/calls_test.py: what finds the next definition of a name calls nothing that a wrapper may have in its place.
#
#   calls_test.py NM OBJECT
import subprocess
import sys

# The loader's, and what no wrapper waits for while it asks for its own next definition; a hardened build's, and a measured one's.
ALLOWED = {"_DYNAMIC", "_GLOBAL_OFFSET_TABLE_", "_r_debug", "_dl_find_object", "dladdr", "getauxval",
           "program_invocation_name", "__stack_chk_fail", "__stack_chk_guard"}
MEASURING = ("__gcov_", "__llvm_")

nm, *objects = sys.argv[1:]
if len(objects) != 1:
    sys.exit("one object is wanted, not %s" % objects)
listed = subprocess.run([nm, "-u", objects[0]], check=True, capture_output=True, text=True).stdout
wanted = {line.split()[-1].split("@")[0] for line in listed.splitlines()}
if "_r_debug" not in wanted:
    sys.exit("not the object that reads the tables: %s" % objects[0])
others = sorted(name for name in wanted - ALLOWED if not name.startswith(MEASURING))
if others:
    sys.exit("%s calls %s" % (objects[0], ", ".join(others)))
