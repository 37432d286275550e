package failoverexporter

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

func TestClassify(t *testing.T) {
	for status, want := range map[int]outcome{
		200: delivered, 202: delivered, 204: delivered,
		101: unexpected, 301: unexpected, 302: unexpected, 304: unexpected, 307: unexpected, 308: unexpected, 404: unexpected, 405: unexpected, 421: unexpected,
		400: rejected, 411: rejected, 413: rejected, 415: rejected, 422: rejected, 431: rejected, 501: rejected,
		401: denied, 403: denied, 407: denied,
		408: timeout, 425: timeout,
		429: throttled, 503: throttled,
		500: failing, 502: unavailable, 504: unavailable, 505: failing, 599: failing,
	} {
		if got := classify(status); got != want {
			t.Errorf("HTTP %d is %s, want %s", status, got, want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"":                              0,
		"3":                             3 * time.Second,
		" 3 ":                           3 * time.Second,
		"0":                             0,
		"-5":                            0,
		"1.5":                           0,
		"soon":                          0,
		"99999999999999999999":          0,
		"Fri, 01 May 2026 12:00:07 GMT": 7 * time.Second,
		"Fri, 01 May 2026 11:00:00 GMT": 0,
	} {
		if got := retryAfter(value, now); got != want {
			t.Errorf("Retry-After %q is %s, want %s", value, got, want)
		}
	}
}

func TestClean(t *testing.T) {
	for text, want := range map[string]string{
		"plain":                        "plain",
		"a\r\nb\x00\x1b[31mc\u2028d":   "ab[31mcd",
		"\u202egnp.exe":                "gnp.exe",
		"bad \xff\xfe utf8":            "bad  utf8",
		strings.Repeat("é", 300):       strings.Repeat("é", maxMessage) + "…",
		"  spaces are kept in between": "spaces are kept in between",
	} {
		if got := clean(text); got != want {
			t.Errorf("clean(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestPartialSuccess(t *testing.T) {
	for sig, marshal := range map[signal]func() ([]byte, error){
		traces: func() ([]byte, error) {
			r := ptraceotlp.NewExportResponse()
			r.PartialSuccess().SetRejectedSpans(3)
			r.PartialSuccess().SetErrorMessage("too\nold")
			return r.MarshalProto()
		},
		metrics: func() ([]byte, error) {
			r := pmetricotlp.NewExportResponse()
			r.PartialSuccess().SetRejectedDataPoints(3)
			r.PartialSuccess().SetErrorMessage("too\nold")
			return r.MarshalProto()
		},
		logs: func() ([]byte, error) {
			r := plogotlp.NewExportResponse()
			r.PartialSuccess().SetRejectedLogRecords(3)
			r.PartialSuccess().SetErrorMessage("too\nold")
			return r.MarshalProto()
		},
	} {
		content, err := marshal()
		if err != nil {
			t.Fatal(err)
		}
		if n, message := partialSuccess(sig, content); n != 3 || message != "tooold" {
			t.Errorf("%s: %d items rejected with %q, want 3 with \"tooold\"", sig, n, message)
		}
		if n, message := partialSuccess(sig, content[:len(content)-1]); n != 0 || message != "" {
			t.Errorf("%s: a damaged answer rejects %d items with %q, want none", sig, n, message)
		}
	}
}

func FuzzStatusMessage(f *testing.F) {
	f.Add([]byte("\x08\x03\x12\x05hello"))
	f.Add([]byte{0x12, 0xff})
	f.Fuzz(func(t *testing.T, content []byte) {
		if m := clean(statusMessage(content)); len(m) > 4*maxMessage+4 {
			t.Errorf("the message has %d bytes, want at most %d", len(m), 4*maxMessage+4)
		}
	})
}

// answerCase is an answer of the primary to its first request with data, and the expected result.
type answerCase struct {
	respond func(http.ResponseWriter, *http.Request)
	outcome outcome
	// elsewhere: the batch goes to the backup.
	elsewhere bool
	dropped   string
}

func answerCases(t *testing.T) map[string]answerCase {
	partialAnswer := ptraceotlp.NewExportResponse()
	partialAnswer.PartialSuccess().SetRejectedSpans(4)
	partialAnswer.PartialSuccess().SetErrorMessage("too old")
	partialBytes, err := partialAnswer.MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	return map[string]answerCase{
		"partial success": {outcome: partial, respond: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			_, _ = w.Write(partialBytes)
		}},
		"a giant answer": {outcome: delivered, respond: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			for range 1024 {
				_, _ = w.Write(make([]byte, 64<<10))
			}
		}},
		"too large": {outcome: rejected, dropped: "HTTP 413: no more than 1 MiB", respond: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			_, _ = w.Write([]byte("\x08\x03\x12\x14no more\r\n than 1 MiB"))
		}},
		"a giant error": {outcome: rejected, dropped: "HTTP 400: xxx", respond: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			for range 1024 {
				_, _ = w.Write([]byte(strings.Repeat("x", 64<<10)))
			}
		}},
		"throttled":   {outcome: throttled, elsewhere: true, respond: status(http.StatusTooManyRequests)},
		"a redirect":  {outcome: unexpected, elsewhere: true, respond: redirect},
		"unknown":     {outcome: denied, elsewhere: true, respond: status(http.StatusForbidden)},
		"wrong path":  {outcome: unexpected, elsewhere: true, respond: status(http.StatusNotFound)},
		"bad gateway": {outcome: unavailable, elsewhere: true, respond: status(http.StatusBadGateway)},
		"aborted":     {outcome: broken, respond: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
	}
}

func TestAnswers(t *testing.T) {
	for name, c := range answerCases(t) {
		t.Run(name, func(t *testing.T) {
			primary, backup := newBackend(t), newBackend(t)
			first := true
			primary.answerWith(func(w http.ResponseWriter, r *http.Request, _ signal) bool {
				if !first || r.ContentLength == 0 {
					return false
				}
				first = false
				_, _ = content(r)
				c.respond(w, r)
				return true
			})
			r := started(t, testConfig(primary, backup))
			if err := r.traces.ConsumeTraces(t.Context(), numbered(0, 10)); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the answer is counted", func() bool {
				return r.sum("requests", "endpoint", "primary", "outcome", string(c.outcome)) == 1
			})
			switch {
			case c.elsewhere:
				eventually(t, "the backup gets the batch", func() bool { return backup.count(traces) == 1 })
			case c.outcome == broken:
				eventually(t, "the primary gets the batch again", func() bool { return primary.count(traces) == 1 })
			case c.dropped != "":
				eventually(t, "the loss is logged", func() bool { return r.logged(c.dropped) })
				if n := r.sum("rejected_items"); n != 10 {
					t.Errorf("%d items rejected, want 10", n)
				}
			}
			if c.outcome == partial && r.sum("rejected_items") != 4 {
				t.Errorf("%d items rejected, want 4", r.sum("rejected_items"))
			}
			if !c.elsewhere && backup.count(traces) > 0 {
				t.Error("the backup got it too")
			}
		})
	}
}

func status(code int) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// redirect points to a URL where the request would succeed.
func redirect(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
}

func TestRetryAfterIsHonoured(t *testing.T) {
	b := newBackend(t)
	var refusedAt time.Time
	b.answerWith(func(w http.ResponseWriter, _ *http.Request, _ signal) bool {
		if !refusedAt.IsZero() {
			return false
		}
		refusedAt = time.Now()
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	r := started(t, testConfig(b))
	if err := r.traces.ConsumeTraces(t.Context(), numbered(0, 1)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the batch is sent again", func() bool { return b.count(traces) == 1 })
	if waited := time.Since(refusedAt); waited < time.Second {
		t.Errorf("sent again after %s, but the endpoint asked for 1s", waited)
	}
}

// A batch on which a site fails, while it accepts others, must not block them forever.
func TestDropsPoisonedBatch(t *testing.T) {
	b := newBackend(t)
	b.answerWith(func(w http.ResponseWriter, r *http.Request, sig signal) bool {
		if sig != traces || r.ContentLength == 0 || r.ContentLength > 200 {
			return false
		}
		w.WriteHeader(http.StatusInternalServerError)
		return true
	})
	r := started(t, testConfig(b))
	if err := r.traces.ConsumeTraces(t.Context(), numbered(0, 1)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the first failure", func() bool { return r.sum("requests", "outcome", "failing") > 0 })
	next := uint64(1)
	eventually(t, "the poisonous batch is dropped", func() bool {
		if err := r.traces.ConsumeTraces(t.Context(), numbered(next, 100)); err != nil {
			t.Fatal(err)
		}
		next += 100
		return r.logged("while it accepted others")
	})
	eventually(t, "the others arrive", func() bool { return uint64(len(b.spans())) == next-1 })
}
