package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/telepod/telepod/test/await"
	"github.com/telepod/telepod/test/demo/screen"
	"github.com/telepod/telepod/test/report"
)

// follow finds the trace of a successful order, and of one with a declined payment.
func (t *story) follow(ctx context.Context) (string, func(), error) {
	placed, err := t.find(ctx, "ok")
	if err != nil {
		return "", nil, err
	}
	declined, err := t.find(ctx, "declined")
	if err != nil {
		return "", nil, err
	}
	t.trace = declined
	summary := fmt.Sprintf("an order is one trace of %d spans across three clouds, found in Jaeger; a declined one has an error and a refund", len(placed.Spans))
	return summary, func() {
		t.Line("")
		t.Note("The declined order, from " + t.estate.Stores.Jaeger + "/api/traces/" + declined.ID)
		t.waterfall(declined)
		t.checkTrace("placed order", placed)
		t.checkTrace("declined order", declined)
		t.checkRefund(declined)
	}, nil
}

// find waits until the complete trace of an order with this card is in Jaeger. Sampling drops most
// successful orders, so it tries one after the other.
func (t *story) find(ctx context.Context, card string) (found report.Trace, err error) {
	err = await.Success(ctx, patience, func(ctx context.Context) error {
		var ids []string
		for _, order := range t.orders.Seen() {
			if order.Card == card && order.Error == "" {
				ids = append(ids, order.TraceID)
			}
		}
		for _, id := range ids {
			answer, err := t.estate.Stores.Trace(ctx, id)
			if err != nil {
				continue // dropped by sampling, or not stored yet
			}
			trace, err := report.ParseJaeger(answer)
			if err != nil {
				return err
			}
			if len(services(trace)) == 4 && complete(trace) {
				found = trace
				return nil
			}
		}
		return fmt.Errorf("none of %d orders with the card %q has a complete trace with all services in Jaeger", len(ids), card)
	})
	return found, err
}

func services(trace report.Trace) []string {
	var names []string
	for _, s := range trace.Spans {
		if !slices.Contains(names, s.Service) {
			names = append(names, s.Service)
		}
	}
	return names
}

// complete reports whether the trace has one root and contains every span's parent.
func complete(trace report.Trace) bool {
	roots := 0
	for _, s := range trace.Spans {
		if s.ParentID == "" {
			roots++
			continue
		}
		if !slices.ContainsFunc(trace.Spans, func(o report.Span) bool { return o.ID == s.ParentID }) {
			return false
		}
	}
	return roots == 1
}

// waterfall draws a trace as text.
func (t *story) waterfall(trace report.Trace) {
	start := trace.Spans[0].Start
	end := start
	for _, s := range trace.Spans {
		if e := s.Start.Add(s.Duration); e.After(end) {
			end = e
		}
	}
	const bar = 30
	at := func(moment time.Time) int {
		return int(float64(bar) * float64(moment.Sub(start)) / float64(end.Sub(start)+1))
	}
	for _, s := range trace.Spans {
		from := at(s.Start)
		length := max(1, at(s.Start.Add(s.Duration))-from)
		drawn := strings.Repeat(" ", from) + strings.Repeat("━", length)
		mark := ""
		if s.Error {
			mark = " error"
		}
		t.Line(fmt.Sprintf("   %-6s%-10s%-*s %5.0f ms  %s%s", s.Cloud, s.Service, bar, drawn, float64(s.Duration.Microseconds())/1000, screen.Shorten(s.Name, 28), mark))
	}
}

// checkTrace checks that every span has the identity of its cluster.
func (t *story) checkTrace(name string, trace report.Trace) {
	clouds := map[string]bool{}
	for _, s := range trace.Spans {
		clouds[s.Cloud] = true
		what := name + ": span " + s.Service + "/" + s.Name + ": "
		known := false
		for _, site := range t.estate.Sites() {
			if site.Cloud != s.Cloud {
				continue
			}
			known = true
			for key, want := range map[string]string{
				"cloud.region": site.Region, "cloud.platform": site.Platform, "cloud.account.id": site.Account,
				"cloud.availability_zone": site.Zone, "k8s.cluster.name": site.Place.Cluster, "k8s.namespace.name": "shop",
				"host.id": site.Instance(), "k8s.node.name": site.Apps().Name, "k8s.deployment.name": s.Service, "deployment.environment.name": "demo",
			} {
				t.checks.Equal(what+key, s.Attributes[key], want)
			}
		}
		t.checks.That(known, "%sunknown cloud %q", what, s.Cloud)
		t.checks.That(s.Attributes["k8s.pod.name"] != "" && s.Attributes["k8s.pod.uid"] != "", "%shas no pod", what)
		t.checks.That(strings.HasPrefix(s.Attributes["user.id"], "user-"), "%suser.id of the baggage is %q", what, s.Attributes["user.id"])
	}
	t.checks.That(len(clouds) == 3, "%s has spans of %d clouds", name, len(clouds))
	t.row(name+": one trace", fmt.Sprintf("%d spans, %d services, %d clouds", len(trace.Spans), len(services(trace)), len(clouds)),
		"each with the identity of its own cluster and machine, and user.id from the baggage", len(clouds) == 3)
}

func (t *story) checkRefund(trace report.Trace) {
	failed, refunded := false, false
	for _, s := range trace.Spans {
		failed = failed || s.Error && s.Service == "payment"
		for _, e := range s.Events {
			refunded = refunded || e.Name == "inventory.refunded" && s.Service == "inventory" && !s.Error
		}
	}
	t.row("declined order: error and refund", fmt.Sprintf("error %t, refund %t", failed, refunded), "in the payment's and the inventory's spans", failed && refunded)
}

var errNoData = errors.New("no data yet")
