# Keeps of `go test -v` what somebody may want to read, and counts the rest: logs, failures, skips with
# their reasons, a line for each package, a sum, and the slowest packages.
/^ *=== (RUN|PAUSE|CONT|NAME)/ || /^PASS$/ || /\[no test files\]/ { next }
/^--- PASS: Test/ { tests[$3] = substr($4, 2) + 0 }
/^ *--- PASS/ { passed++; next }
/^ *--- FAIL/ { failed++ }
/^ *--- SKIP/ { skipped++ }
/^(ok|FAIL)[ \t].*[0-9]s$/ { seconds[$2] = $NF + 0 }
{ print; fflush() }
END {
  if (passed + failed + skipped == 0) exit
  printf "tests and their cases: %d passed, %d failed, %d skipped; the slowest packages and tests:\n", passed, failed, skipped
  fflush()
  for (name in seconds) printf "%7.1fs  %s\n", seconds[name], name | "sort -rn | head -12"
  close("sort -rn | head -12")
  for (name in tests) printf "%7.1fs  %s\n", tests[name], name | "sort -rn | head -12"
}
