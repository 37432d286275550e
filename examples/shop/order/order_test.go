package order

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/telepod/telepod/examples/shop/inventory"
	"github.com/telepod/telepod/examples/shop/inventory/inventorypb"
	"github.com/telepod/telepod/examples/shop/leak"
	"github.com/telepod/telepod/examples/shop/payment"
	"github.com/telepod/telepod/examples/shop/product"
	"github.com/telepod/telepod/telemetry"
)

const stocked = 100

// shop runs all services in one process, each with its own instrumentation, over real connections.
type shop struct {
	url      string
	stock    *inventory.Stock
	payments *httptest.Server
	spans    *tracetest.SpanRecorder
}

func newShop(t *testing.T, secrets bool) *shop {
	t.Helper()
	s := &shop{spans: tracetest.NewSpanRecorder()}
	shutdown, err := telemetry.Setup(t.Context(), telemetry.Options{BaggageKeys: []string{userKey}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = shutdown(context.Background()) }) // nothing is exported
	otel.GetTracerProvider().(*sdktrace.TracerProvider).RegisterSpanProcessor(s.spans)

	charges, err := payment.NewHandler(payment.Options{Slow: 20 * time.Millisecond, Leak: secrets})
	if err != nil {
		t.Fatal(err)
	}
	s.payments = serve(t, charges)
	service, err := NewService(Upstreams{
		Products:  product.NewClient(serve(t, product.Handler()).URL),
		Inventory: s.newInventory(t),
		Payments:  payment.NewClient(s.payments.URL),
	}, secrets)
	if err != nil {
		t.Fatal(err)
	}
	s.url = serve(t, service.Handler()).URL
	return s
}

func serve(t *testing.T, h http.Handler) *httptest.Server {
	server := httptest.NewServer(telemetry.Handler(h))
	t.Cleanup(server.Close)
	return server
}

func (s *shop) newInventory(t *testing.T) inventorypb.InventoryClient {
	t.Helper()
	var err error
	if s.stock, err = inventory.NewStock([]string{"cup"}, stocked); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(telemetry.ServerOption())
	inventorypb.RegisterInventoryServer(server, s.stock)
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()), telemetry.DialOption())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return inventorypb.NewInventoryClient(conn)
}

func (s *shop) order(t *testing.T, o Order) (Receipt, int) {
	t.Helper()
	body, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(s.url+"/orders", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var r Receipt
	if err := json.NewDecoder(resp.Body).Decode(&r); err != nil {
		t.Fatal(err)
	}
	return r, resp.StatusCode
}

// trace returns the spans of one order by name and kind, after the expected ones have ended: a server's span
// ends after the client has its response.
func (s *shop) trace(t *testing.T, id string, expected ...string) map[string]sdktrace.ReadOnlySpan {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		found := map[string]sdktrace.ReadOnlySpan{}
		for _, span := range s.spans.Ended() {
			if span.SpanContext().TraceID().String() == id {
				found[span.Name()+" "+span.SpanKind().String()] = span
			}
		}
		if !slices.ContainsFunc(expected, func(name string) bool { return found[name] == nil }) {
			return found
		}
		select {
		case <-deadline:
			t.Fatalf("trace %s has %v, want %v", id, names(found), expected)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func names(spans map[string]sdktrace.ReadOnlySpan) []string {
	var list []string
	for name := range spans {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

func value(span sdktrace.ReadOnlySpan, key attribute.Key) string {
	for _, kv := range span.Attributes() {
		if kv.Key == key {
			return kv.Value.String()
		}
	}
	return ""
}

func events(span sdktrace.ReadOnlySpan) (list []string) {
	for _, e := range span.Events() {
		list = append(list, e.Name)
	}
	return list
}

func TestAnOrderIsOneTrace(t *testing.T) {
	s := newShop(t, false)
	r, code := s.order(t, Order{User: "u 1", Product: "cup", Quantity: 2, Card: payment.CardOK, Run: "r", Sequence: 7})
	if code != http.StatusCreated || r.Cents != 1800 || s.stock.Left("cup") != stocked-2 {
		t.Errorf("%d, receipt %+v, %d left", code, r, s.stock.Left("cup"))
	}
	want := []string{"GET /products/{id} server", "HTTP GET client", "HTTP POST client", "POST /charges server", "POST /orders server",
		"place order internal", "telepod.shop.v1.Inventory/Deduct client", "telepod.shop.v1.Inventory/Deduct server"}
	spans := s.trace(t, r.TraceID, want...)
	if diff := cmp.Diff(want, names(spans)); diff != "" {
		t.Fatalf("spans (-want +got):\n%s", diff)
	}
	for name, span := range spans {
		if value(span, "user.id") != "u 1" {
			t.Errorf("%s has user.id %q", name, value(span, "user.id"))
		}
		if span.Status().Code == codes.Error {
			t.Errorf("%s has an error: %s", name, span.Status().Description)
		}
	}
	place := spans["place order internal"]
	if diff := cmp.Diff([]string{"product.read", "inventory.deducted", "payment.taken"}, events(place)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if value(place, "shop.run") != "r" || value(place, "shop.sequence") != "7" || value(place, "shop.order.id") != r.OrderID {
		t.Errorf("attributes %v", place.Attributes())
	}
}

func TestAFailedPaymentRefundsTheInventory(t *testing.T) {
	for name, c := range map[string]struct {
		card string
		code int
		end  func(*shop)
	}{
		"declined":                    {payment.CardDeclined, http.StatusPaymentRequired, func(*shop) {}},
		"payment service unreachable": {payment.CardOK, http.StatusBadGateway, func(s *shop) { s.payments.Close() }},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, false)
			c.end(s)
			r, code := s.order(t, Order{User: "u", Product: "cup", Quantity: 3, Card: c.card})
			if code != c.code || r.Error == "" || r.Cents != 0 {
				t.Errorf("%d, receipt %+v", code, r)
			}
			if left := s.stock.Left("cup"); left != stocked {
				t.Errorf("%d left, want %d", left, stocked)
			}
			spans := s.trace(t, r.TraceID, "place order internal", "refund inventory internal", "telepod.shop.v1.Inventory/Refund server")
			place, refund := spans["place order internal"], spans["refund inventory internal"]
			if place.Status().Code != codes.Error || !slices.Contains(events(place), "exception") {
				t.Errorf("the order's span: %v, events %v", place.Status(), events(place))
			}
			if refund.Parent().SpanID() != place.SpanContext().SpanID() || !slices.Contains(events(refund), "inventory.refunded") {
				t.Errorf("the refund's parent is %v, its events %v", refund.Parent().SpanID(), events(refund))
			}
		})
	}
}

func TestInvalidOrders(t *testing.T) {
	s := newShop(t, false)
	for _, c := range []struct {
		product  string
		quantity int64
		code     int
	}{{"spoon", 1, http.StatusNotFound}, {"cup", stocked + 1, http.StatusConflict}} {
		if r, code := s.order(t, Order{User: "u", Product: c.product, Quantity: c.quantity, Card: payment.CardOK}); code != c.code {
			t.Errorf("%d of %s: %d, want %d: %s", c.quantity, c.product, code, c.code, r.Error)
		}
	}
	if left := s.stock.Left("cup"); left != stocked {
		t.Errorf("%d left, want %d", left, stocked)
	}
	for _, body := range []string{"", "[]", `{"product":"cup","quantity":1}`, `{"user":"u","product":"cup"}`, `{"user":"u","quantity":1}`} {
		resp, err := http.Post(s.url+"/orders", "application/json", bytes.NewReader([]byte(body)))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%q: %d, want 400", body, resp.StatusCode)
		}
	}
}

func TestLeakWritesSecrets(t *testing.T) {
	for _, secrets := range []bool{false, true} {
		s := newShop(t, secrets)
		r, _ := s.order(t, Order{User: "u", Product: "cup", Quantity: 1, Card: payment.CardSlow})
		for _, name := range []string{"place order internal", "POST /charges server"} {
			if got := value(s.trace(t, r.TraceID, name)[name], "password") == leak.Value; got != secrets {
				t.Errorf("secrets %v: %s has a password: %v", secrets, name, got)
			}
		}
	}
}
