package order

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/telepod/telepod/examples/shop/inventory/inventorypb"
	"github.com/telepod/telepod/examples/shop/leak"
	"github.com/telepod/telepod/examples/shop/payment"
	"github.com/telepod/telepod/examples/shop/product"
)

const scope = "github.com/telepod/telepod/examples/shop/order"

// Time limits of an order.
const (
	callLimit   = 5 * time.Second
	refundLimit = 10 * time.Second
)

// Order is a user's request.
type Order struct {
	User     string `json:"user"`
	Product  string `json:"product"`
	Quantity int64  `json:"quantity"`
	Card     string `json:"card"` // a card of package payment
	// Run and Sequence come from the load driver, to compare received with sent orders.
	Run      string `json:"run,omitempty"`
	Sequence int64  `json:"sequence,omitempty"`
}

// Receipt is the response to the user.
type Receipt struct {
	OrderID string `json:"order_id"`
	TraceID string `json:"trace_id"`
	Cents   int64  `json:"cents,omitempty"`
	Error   string `json:"error,omitempty"`
}

// Upstreams are the services that the order service calls.
type Upstreams struct {
	Products  product.Client
	Inventory inventorypb.InventoryClient
	Payments  payment.Client
}

// Service processes orders.
type Service struct {
	Upstreams
	leak   bool
	tracer trace.Tracer
	orders metric.Int64Counter
	values metric.Int64Histogram
}

// NewService creates the service. With leak, it writes secrets into the telemetry to test redaction.
func NewService(u Upstreams, leak bool) (*Service, error) {
	meter := otel.Meter(scope)
	orders, err := meter.Int64Counter("shop.orders", metric.WithDescription("Orders, by outcome."), metric.WithUnit("{order}"))
	if err != nil {
		return nil, fmt.Errorf("create the counter of orders: %w", err)
	}
	values, err := meter.Int64Histogram("shop.order.value", metric.WithDescription("Value of paid orders."),
		metric.WithUnit("{cent}"), metric.WithExplicitBucketBoundaries(1000, 2000, 5000, 10_000, 20_000, 50_000))
	if err != nil {
		return nil, fmt.Errorf("create the histogram of values: %w", err)
	}
	return &Service{Upstreams: u, leak: leak, tracer: otel.Tracer(scope), orders: orders, values: values}, nil
}

// Place processes one order. On error, the receipt still has the IDs of the order and the trace.
func (s *Service) Place(ctx context.Context, o Order) (Receipt, error) {
	id := rand.Text()[:10]
	ctx, span := s.tracer.Start(ctx, "place order", trace.WithAttributes(
		attribute.String("shop.order.id", id), attribute.String("shop.product.id", o.Product), attribute.Int64("shop.quantity", o.Quantity),
		attribute.String("shop.run", o.Run), attribute.Int64("shop.sequence", o.Sequence)))
	defer span.End()
	if s.leak {
		leak.Secrets(ctx)
	}
	receipt := Receipt{OrderID: id, TraceID: span.SpanContext().TraceID().String()}
	cents, err := s.fulfil(ctx, id, o)
	outcome := outcomeOf(err)
	s.orders.Add(ctx, 1, metric.WithAttributes(attribute.String("shop.outcome", outcome)))
	if err != nil {
		span.RecordError(err)
		span.SetStatus(codes.Error, outcome)
		slog.ErrorContext(ctx, "order failed", "shop.order.id", id, "shop.outcome", outcome, "error", err)
		return receipt, err
	}
	receipt.Cents = cents
	s.values.Record(ctx, cents)
	slog.InfoContext(ctx, "order was placed", "shop.order.id", id, "shop.order.cents", cents)
	return receipt, nil
}

// fulfil calls the services, and refunds the inventory if the payment fails.
func (s *Service) fulfil(ctx context.Context, id string, o Order) (cents int64, err error) {
	span := trace.SpanFromContext(ctx)
	item, err := withTimeout(ctx, func(ctx context.Context) (product.Product, error) { return s.Products.Find(ctx, o.Product) })
	if err != nil {
		return 0, err
	}
	span.AddEvent("product.read", trace.WithAttributes(attribute.Int64("shop.product.cents", item.Cents)))
	_, err = withTimeout(ctx, func(ctx context.Context) (*inventorypb.DeductResponse, error) {
		return s.Inventory.Deduct(ctx, &inventorypb.DeductRequest{OrderId: id, ProductId: o.Product, Quantity: o.Quantity})
	})
	if err != nil {
		return 0, errors.Join(fmt.Errorf("deduct %d of %q: %w", o.Quantity, o.Product, err), s.refundUnlessRefused(ctx, id, err))
	}
	span.AddEvent("inventory.deducted")
	charge := payment.Charge{OrderID: id, Card: o.Card, Cents: o.Quantity * item.Cents}
	_, err = withTimeout(ctx, func(ctx context.Context) (struct{}, error) { return struct{}{}, s.Payments.Charge(ctx, charge) })
	if err != nil {
		return 0, errors.Join(err, s.refund(ctx, id))
	}
	span.AddEvent("payment.taken", trace.WithAttributes(attribute.Int64("shop.payment.cents", charge.Cents)))
	return charge.Cents, nil
}

// withTimeout limits the duration of one call.
func withTimeout[T any](ctx context.Context, call func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	return call(ctx)
}

// refund returns the goods even if the user has disconnected: a broken connection must not leave them deducted.
func (s *Service) refund(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refundLimit)
	defer cancel()
	ctx, span := s.tracer.Start(ctx, "refund inventory", trace.WithAttributes(attribute.String("shop.order.id", id)))
	defer span.End()
	answer, err := s.Inventory.Refund(ctx, &inventorypb.RefundRequest{OrderId: id})
	if err != nil {
		span.RecordError(err)
		span.SetStatus(codes.Error, "goods of the order stay deducted")
		return fmt.Errorf("refund the inventory of order %s: %w", id, err)
	}
	span.AddEvent("inventory.refunded", trace.WithAttributes(attribute.Int64("shop.quantity", answer.GetQuantity())))
	return nil
}
