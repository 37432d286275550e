# Filters the output of `go test -v`. Keeps logs, failures, skips with their reasons and a line for each package; counts
# the rest. At the end it prints the totals, and the slowest packages and tests.
/^ *=== (RUN|PAUSE|CONT|NAME)/ || /^PASS$/ || /\[no test files\]/ { next }
/^--- PASS: Test/ { tests[$3] = substr($4, 2) + 0 }
/^ *--- PASS/ { passed++; next }
/^ *--- FAIL/ { failed++ }
/^ *--- SKIP/ { skipped++ }
/^(ok|FAIL)[ \t].*[0-9]s$/ { seconds[$2] = $NF + 0 }
{ print; fflush() }
END {
  if (passed + failed + skipped == 0) exit
  printf "tests and subtests: %d passed, %d failed, %d skipped; the slowest packages and tests:\n", passed, failed, skipped
  fflush()
  for (name in seconds) printf "%7.1fs  %s\n", seconds[name], name | "sort -rn | head -12"
  close("sort -rn | head -12")
  for (name in tests) printf "%7.1fs  %s\n", tests[name], name | "sort -rn | head -12"
}
