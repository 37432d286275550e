# Keeps of `go test -v` what somebody may want to read, and counts the rest: logs, failures, skips with
# their reasons, a line for each package, and a sum.
/^ *=== (RUN|PAUSE|CONT|NAME)/ || /^PASS$/ || /\[no test files\]/ { next }
/^ *--- PASS/ { passed++; next }
/^ *--- FAIL/ { failed++ }
/^ *--- SKIP/ { skipped++ }
{ print; fflush() }
END { printf "tests and their cases: %d passed, %d failed, %d skipped\n", passed, failed, skipped }
