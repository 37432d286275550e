# Keeps of `go test -v` what somebody may want to read, and counts the rest: logs, failures, skips with
# their reasons, a line for each package, a sum, and the slowest packages.
/^ *=== (RUN|PAUSE|CONT|NAME)/ || /^PASS$/ || /\[no test files\]/ { next }
/^ *--- PASS/ { passed++; next }
/^ *--- FAIL/ { failed++ }
/^ *--- SKIP/ { skipped++ }
/^(ok|FAIL)[ \t].*[0-9]s$/ { seconds[$2] = $NF + 0 }
{ print; fflush() }
END {
  if (passed + failed + skipped == 0) exit
  printf "tests and their cases: %d passed, %d failed, %d skipped; the slowest packages:\n", passed, failed, skipped
  fflush()
  for (name in seconds) printf "%7.1fs  %s\n", seconds[name], name | "sort -rn | head -12"
}
