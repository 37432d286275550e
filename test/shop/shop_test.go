package shop

import (
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/telepod/telepod/test/collector"
	"github.com/telepod/telepod/test/ports"
)

// TestOrderIsOneTraceAcrossThreeClouds checks that an order and its refund are one trace. Injected variables configure the
// services, which send over both protocols to a real Collector.
func TestOrderIsOneTraceAcrossThreeClouds(t *testing.T) {
	sink := startSink(t)
	clouds := []cloud{
		{"aws", "us-east-1", "shop-use1", sink.grpc, "grpc"},
		{"gcp", "europe-west1", "shop-euw1", sink.http, "http/protobuf"},
		{"azure", "eastasia", "shop-ea", sink.grpc, "grpc"},
	}
	addresses := map[string]string{}
	for _, name := range []string{"order", "product", "inventory", "payment"} {
		addresses[name] = "127.0.0.1:" + ports.Texts(ports.ForTest(t, "127.0.0.1", 1))[0]
	}
	upstreams := map[string]string{"PRODUCT_URL": "http://" + addresses["product"], "INVENTORY_ADDRESS": addresses["inventory"],
		"PAYMENT_URL": "http://" + addresses["payment"]}
	program, err := collector.Shop(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	injector := telepod(t)
	var pods []*pod
	for _, c := range clouds {
		for name, container := range c.containers(t, injector) {
			pods = append(pods, start(t, program, addresses[name], container, upstreams))
		}
	}
	for _, address := range addresses {
		awaitPort(t, address)
	}
	const orders = 40
	out, err := run(t.Context(), program, "load", "-url=http://"+addresses["order"], "-run=test", "-rate=40", "-duration=1s", "-failures=0.25", "-slow=0", "-json")
	if err != nil {
		t.Fatalf("place orders: %v\n%s", err, out)
	}
	var sum struct{ Requests, Declined int }
	if err := json.Unmarshal([]byte(out), &sum); err != nil || sum.Requests != orders {
		t.Fatalf("%d of %d orders: %v", sum.Requests, orders, err)
	}
	stop(t, pods)
	sink.process.Stop(t)

	all := read(t, sink.file)
	expectTraces(t, all, sum.Requests, sum.Declined)
	expectIdentity(t, all)
	for _, name := range []string{"shop.orders", "shop.order.value", "shop.payments", "shop.stock", "http.server.request.duration", "rpc.server.call.duration"} {
		if !all.metrics[name] {
			t.Errorf("no metric %s among %v", name, all.metrics)
		}
	}
}

// expectTraces checks that each order is one complete trace that includes all services.
func expectTraces(t *testing.T, all received, orders, declined int) {
	t.Helper()
	traces := map[string][]item{}
	for _, s := range all.spans {
		traces[s.trace] = append(traces[s.trace], s)
	}
	if len(traces) != orders {
		t.Errorf("%d traces, want %d", len(traces), orders)
	}
	sequences, refunds := map[string]bool{}, 0
	for id, spans := range traces {
		services := map[string]bool{}
		want, failed := 8, false
		for _, s := range spans {
			services[s.resource["service.name"]+" in "+s.resource["cloud.provider"]] = true
			if s.name == "place order" {
				sequences[s.attrs["shop.sequence"]] = true
				failed = s.failed
			}
			if s.attrs["user.id"] == "" {
				t.Errorf("span %q of %s has no user", s.name, s.resource["service.name"])
			}
		}
		if slices.ContainsFunc(spans, func(s item) bool { return s.name == "refund inventory" }) {
			refunds++
			want += 3 // itself, and both sides of its call
			if !failed {
				t.Errorf("trace %s has a refund and no error", id)
			}
		}
		wantServices := map[string]bool{"order in aws": true, "product in gcp": true, "inventory in gcp": true, "payment in azure": true}
		if diff := cmp.Diff(wantServices, services); diff != "" || len(spans) != want {
			t.Errorf("trace %s has %d spans, want %d; services (-want +got):\n%s", id, len(spans), want, diff)
		}
	}
	if len(sequences) != orders || refunds != declined {
		t.Errorf("%d sequence numbers and %d refunds, want %d and %d", len(sequences), refunds, orders, declined)
	}
}

// expectIdentity checks that every item has the identity of its service, pod and cluster.
func expectIdentity(t *testing.T, all received) {
	t.Helper()
	want := map[string][]string{ // region, cluster
		"aws": {"us-east-1", "shop-use1"}, "gcp": {"europe-west1", "shop-euw1"}, "azure": {"eastasia", "shop-ea"}}
	for _, i := range append(slices.Clone(all.spans), all.logs...) {
		name := i.resource["service.name"]
		place := want[i.resource["cloud.provider"]]
		got := []string{i.resource["cloud.region"], i.resource["k8s.cluster.name"], i.resource["k8s.namespace.name"],
			i.resource["k8s.pod.name"], i.resource["k8s.deployment.name"], i.resource["service.instance.id"]}
		if diff := cmp.Diff(append(slices.Clone(place), "shop", name+"-0", name, fmt.Sprintf("shop.%s-0.%s", name, name)), got); diff != "" {
			t.Fatalf("%q of %s (-want +got):\n%s", i.name, name, diff)
		}
	}
	traced := slices.ContainsFunc(all.logs, func(l item) bool {
		return l.name == "payment was declined" && l.trace != "" && l.attrs["user.id"] != ""
	})
	if !traced {
		t.Errorf("no log record of a declined payment with its trace and user among %d", len(all.logs))
	}
}

// sink is a Collector that writes what it receives to a file.
type sink struct {
	process          *collector.Process
	grpc, http, file string
}

func startSink(t *testing.T) sink {
	t.Helper()
	program, err := collector.Program(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	free := ports.Texts(ports.ForTest(t, "127.0.0.1", 3))
	grpc, http, health := free[0], free[1], free[2]
	s := sink{grpc: "http://127.0.0.1:" + grpc, http: "http://127.0.0.1:" + http, file: filepath.Join(t.TempDir(), "received.json")}
	s.process = collector.Start(t, collector.Run{Program: program, Configs: []string{"env:SINK_CONFIG"},
		Env: []string{"SINK_CONFIG=" + collector.SinkConfig(), "SINK_FILE=" + s.file, "SINK_HOST=127.0.0.1",
			"SINK_GRPC_PORT=" + grpc, "SINK_HTTP_PORT=" + http, "SINK_HEALTH_PORT=" + health},
		Health: "http://127.0.0.1:" + health + "/"})
	return s
}

func awaitPort(t *testing.T, address string) {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
			return
		}
		select {
		case <-deadline:
			t.Fatalf("no service at %s: %v", address, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
