package failoverexporter

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/protobuf/encoding/protowire"
)

const (
	contentType = "application/x-protobuf"
	// maxAnswer is how much of an answer is read.
	maxAnswer = 64 << 10
	// maxMessage is how much of an endpoint's message is logged, in runes.
	maxMessage = 256
)

// answer is an endpoint's response to a request.
type answer struct {
	outcome outcome
	// retryAfter is the delay that the endpoint asked for; zero if it asked for none.
	retryAfter time.Duration
	// rejected is the number of items that a partial success rejects.
	rejected int64
	// message is the endpoint's, or the error's, made safe for logs.
	message string
}

// readAnswer classifies a response and reads at most maxAnswer of it.
func readAnswer(resp *http.Response, sig signal, now time.Time) answer {
	a := answer{outcome: classify(resp.StatusCode)}
	content, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	encoded := strings.HasPrefix(resp.Header.Get("Content-Type"), contentType)
	if a.outcome == delivered {
		if encoded {
			a.rejected, a.message = partialSuccess(sig, content)
		}
		if a.rejected > 0 || a.message != "" {
			a.outcome = partial
		}
		return a
	}
	text := string(content)
	if encoded {
		text = statusMessage(content)
	}
	a.message = clean(fmt.Sprintf("HTTP %d: %s", resp.StatusCode, text))
	if a.outcome == throttled {
		a.retryAfter = retryAfter(resp.Header.Get("Retry-After"), now)
	}
	return a
}

// retryAfter reads the header of RFC 9110, section 10.2.3: seconds or a date. Zero if it is neither, or past.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(strings.TrimSpace(value), 10, 32); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	if date, err := http.ParseTime(value); err == nil {
		return max(0, date.Sub(now))
	}
	return 0
}

// partialSuccess returns how many items of an accepted request were rejected, and why. An invalid answer counts as full
// success: the data was accepted.
func partialSuccess(sig signal, content []byte) (int64, string) {
	var count int64
	var message string
	switch sig {
	case traces:
		if r := ptraceotlp.NewExportResponse(); r.UnmarshalProto(content) == nil {
			count, message = r.PartialSuccess().RejectedSpans(), r.PartialSuccess().ErrorMessage()
		}
	case metrics:
		if r := pmetricotlp.NewExportResponse(); r.UnmarshalProto(content) == nil {
			count, message = r.PartialSuccess().RejectedDataPoints(), r.PartialSuccess().ErrorMessage()
		}
	default:
		if r := plogotlp.NewExportResponse(); r.UnmarshalProto(content) == nil {
			count, message = r.PartialSuccess().RejectedLogRecords(), r.PartialSuccess().ErrorMessage()
		}
	}
	return max(0, count), clean(message)
}

// statusMessage returns the message (field 2) of the google.rpc.Status with which OTLP/HTTP answers errors.
func statusMessage(content []byte) string {
	for len(content) > 0 {
		number, kind, n := protowire.ConsumeTag(content)
		if n < 0 {
			return ""
		}
		content = content[n:]
		if number == 2 && kind == protowire.BytesType {
			message, _ := protowire.ConsumeBytes(content)
			return string(message)
		}
		if n = protowire.ConsumeFieldValue(number, kind, content); n < 0 {
			return ""
		}
		content = content[n:]
	}
	return ""
}

// clean makes foreign text safe for logs: printable, in one line, and short.
func clean(text string) string {
	var out strings.Builder
	count := 0
	for _, r := range text {
		if count == maxMessage {
			out.WriteString("…")
			break
		}
		if r != ' ' && !unicode.IsGraphic(r) || unicode.IsSpace(r) && r != ' ' || r == unicode.ReplacementChar {
			continue
		}
		out.WriteRune(r)
		count++
	}
	return strings.TrimSpace(out.String())
}
