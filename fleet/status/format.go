package status

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/telepod/telepod/fleet/cost"
)

// Number formats a number for people: about three digits, with separators.
func Number(n float64) string {
	switch {
	case n == 0:
		return "0"
	case n < 10:
		return strconv.FormatFloat(n, 'f', 1, 64)
	}
	text := strconv.FormatFloat(n, 'f', 0, 64)
	var b strings.Builder
	for i, digit := range text {
		if i > 0 && (len(text)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	return b.String()
}

// Bytes formats a number of bytes in decimal units.
func Bytes(n float64) string {
	for _, unit := range []string{"B", "kB", "MB", "GB"} {
		if n < 1000 {
			return strings.TrimSuffix(strconv.FormatFloat(n, 'f', precision(n, unit), 64), ".0") + " " + unit
		}
		n /= 1000
	}
	return strconv.FormatFloat(n, 'f', 1, 64) + " TB"
}

func precision(n float64, unit string) int {
	if unit == "B" || n >= 10 {
		return 0
	}
	return 1
}

// Dollars formats an amount of money.
func Dollars(n float64) string {
	switch {
	case n >= 1000:
		return "$" + Number(n)
	case n > 0 && n < 0.005:
		return "<$0.01"
	}
	return fmt.Sprintf("$%.2f", n)
}

// Percent formats a share from 0 to 1. A small share is not rounded to zero.
func Percent(share float64) string {
	if share > 0 && share < 0.01 {
		return "<1 %"
	}
	return fmt.Sprintf("%.0f %%", 100*share)
}

// Ago formats the time since a moment like kubectl.
func Ago(at, now time.Time) string { return duration.HumanDuration(now.Sub(at)) }

// String returns a text such as "2 % (1.2 MB, 3s of data)".
func (q Queue) String() string {
	if q.Bytes == 0 {
		return "empty"
	}
	text := fmt.Sprintf("%.0f %% (%s", 100*q.Fullest, Bytes(q.Bytes))
	if q.Seconds != nil && *q.Seconds >= 1 {
		text += ", " + duration.HumanDuration(time.Duration(*q.Seconds*float64(time.Second))) + " of data"
	}
	return text + ")"
}

// String returns a text such as "12 of 14, 2 bare".
func (p Pods) String() string {
	text := fmt.Sprintf("%d of %d", p.Injected-p.NotOptedIn, p.OptedIn)
	for _, more := range []struct {
		n    int
		what string
	}{{p.Refused, "refused"}, {p.Bare, "bare"}, {p.Stale, "stale"}, {p.NotOptedIn, "not opted in"}} {
		if more.n > 0 {
			text += fmt.Sprintf(", %d %s", more.n, more.what)
		}
	}
	return text
}

// Spans formats spans per second, with ≥ if a Collector did not answer.
func (t Traffic) Spans() string {
	switch {
	case t.SpansPerSecond == nil:
		return ""
	case *t.SpansPerSecond == 0: // SDKs send every few seconds
		return fmt.Sprintf("0 in %.0fs", t.Seconds)
	case t.Answered < t.Ready:
		return "≥ " + Number(*t.SpansPerSecond)
	}
	return Number(*t.SpansPerSecond)
}

// Silent reports whether every Collector answered, and none received a span between two readings.
func (t Traffic) Silent() bool {
	return t.SpansPerSecond != nil && *t.SpansPerSecond == 0 && t.Answered >= t.Ready
}

// Using returns the site, with the number of Collectors if they use different ones.
func (t Traffic) Using() string {
	switch {
	case t.Site == nil && t.Waiting != nil:
		return "none"
	case t.Site == nil:
		return ""
	}
	if t.Site.Collectors < t.Answered {
		return fmt.Sprintf("%s (%d of %d)", t.Site.Name, t.Site.Collectors, t.Answered)
	}
	return t.Site.Name
}

// Money formats a cost, with the measured share of the month if that is incomplete.
func Money(m *cost.Month) string {
	switch {
	case m == nil:
		return ""
	case m.Unmeasured():
		return "not measured yet"
	case m.Measured != nil && *m.Measured < 0.99:
		return fmt.Sprintf("%s (%s measured)", Dollars(m.Dollars), Percent(*m.Measured))
	}
	return Dollars(m.Dollars)
}

// Left returns the time until a certificate expires.
func (c Certificate) Left(now time.Time) string {
	if left := c.Expires.Sub(now); left > 0 {
		return duration.HumanDuration(left)
	}
	return "expired"
}

// Text returns a value, or "" if it is absent.
func Text(from fmt.Stringer) string {
	if v := reflect.ValueOf(from); v.Kind() == reflect.Pointer && v.IsNil() {
		return ""
	}
	return from.String()
}
