package report_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/telepod/telepod/test/report"
)

func TestParseJaeger(t *testing.T) {
	trace, err := report.ParseJaeger([]byte(`{"data":[{"traceID":"abc","processes":{
		"p1":{"serviceName":"payment","tags":[
			{"key":"cloud.provider","type":"string","value":"azure"},
			{"key":"cloud.region","type":"string","value":"eastasia"},
			{"key":"k8s.cluster.name","type":"string","value":"shop-eas"},
			{"key":"k8s.pod.name","type":"string","value":"payment-1"},
			{"key":"note","type":"string","value":"of the resource"}]}},
		"spans":[
		{"spanID":"02","operationName":"authorize","processID":"p1","startTime":1500,"duration":250,
		 "references":[{"refType":"FOLLOWS_FROM","spanID":"ff"},{"refType":"CHILD_OF","spanID":"01"}],
		 "tags":[{"key":"otel.status_code","type":"string","value":"ERROR"},
		         {"key":"amount","type":"float64","value":42.50},
		         {"key":"big","type":"int64","value":9007199254740993},
		         {"key":"note","type":"string","value":"of the span"}],
		 "logs":[{"timestamp":1600,"fields":[{"key":"event","value":"exception"},{"key":"exception.type","value":"Declined"}]}]},
		{"spanID":"01","operationName":"Charge","processID":"p1","startTime":1000,"duration":1000,"tags":[{"key":"error","type":"bool","value":false}]}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	place := func(s report.Span) report.Span {
		s.Service, s.Cloud, s.Region, s.Cluster, s.Pod = "payment", "azure", "eastasia", "shop-eas", "payment-1"
		for key, value := range map[string]string{"cloud.provider": "azure", "cloud.region": "eastasia", "k8s.cluster.name": "shop-eas", "k8s.pod.name": "payment-1"} {
			s.Attributes[key] = value
		}
		return s
	}
	want := report.Trace{ID: "abc", Spans: []report.Span{
		place(report.Span{
			ID: "01", Name: "Charge", Start: time.UnixMicro(1000).UTC(), Duration: time.Millisecond,
			Attributes: map[string]string{"error": "false", "note": "of the resource"},
		}),
		place(report.Span{
			ID: "02", ParentID: "01", Name: "authorize", Start: time.UnixMicro(1500).UTC(), Duration: 250 * time.Microsecond, Error: true,
			Attributes: map[string]string{"otel.status_code": "ERROR", "amount": "42.50", "big": "9007199254740993", "note": "of the span"},
			Events:     []report.Event{{At: time.UnixMicro(1600).UTC(), Name: "exception", Attributes: map[string]string{"exception.type": "Declined"}}},
		}),
	}}
	if difference := cmp.Diff(want, trace); difference != "" {
		t.Errorf("trace (-want +got):\n%s", difference)
	}
}

func TestParseJaegerErrors(t *testing.T) {
	for body, want := range map[string]string{
		`<html>`: "read Jaeger's answer: invalid character",
		`{"data":null,"errors":[{"code":404,"msg":"trace not found"}]}`: `Jaeger reports "trace not found" (code 404)`,
		`{"data":[]}`:             "ask again",
		`{"data":[{"spans":[]}]}`: "ask again",
		`{"data":[{"spans":[{"startTime":"yesterday"}]}]}`: "startTime",
	} {
		if _, err := report.ParseJaeger([]byte(body)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseJaeger(%s): %v, want an error with %q", body, err, want)
		}
	}
}
