package inventory

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/telepod/telepod/examples/shop/inventory/inventorypb"
)

const scope = "github.com/telepod/telepod/examples/shop/inventory"

// maxRefundable is the number of recent orders that can be refunded. Payments finish within seconds.
const maxRefundable = 10_000

// Stock implements the service in memory.
type Stock struct {
	inventorypb.UnimplementedInventoryServer

	mu     sync.Mutex
	left   map[string]int64
	orders map[string]*inventorypb.DeductRequest
	recent []string // order IDs, oldest first
}

// NewStock returns a stock with this quantity of each product.
func NewStock(products []string, each int64) (*Stock, error) {
	s := &Stock{left: map[string]int64{}, orders: map[string]*inventorypb.DeductRequest{}}
	for _, id := range products {
		s.left[id] = each
	}
	_, err := otel.Meter(scope).Int64ObservableGauge("shop.stock",
		metric.WithDescription("Goods in stock."), metric.WithUnit("{item}"), metric.WithInt64Callback(s.observe))
	if err != nil {
		return nil, fmt.Errorf("create the gauge of the stock: %w", err)
	}
	return s, nil
}

func (s *Stock) observe(_ context.Context, o metric.Int64Observer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, left := range s.left {
		o.Observe(left, metric.WithAttributes(attribute.String("shop.product.id", id)))
	}
	return nil
}

// Left returns the quantity of a product.
func (s *Stock) Left(product string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.left[product]
}

// Deduct implements [inventorypb.InventoryServer].
func (s *Stock) Deduct(ctx context.Context, r *inventorypb.DeductRequest) (*inventorypb.DeductResponse, error) {
	if r.GetOrderId() == "" || r.GetQuantity() < 1 {
		return nil, status.Error(codes.InvalidArgument, "deduct: an order id and a quantity of at least 1 are needed")
	}
	left, ok := s.deductOnce(r)
	span := trace.SpanFromContext(ctx)
	span.SetAttributes(attribute.String("shop.order.id", r.GetOrderId()), attribute.String("shop.product.id", r.GetProductId()),
		attribute.Int64("shop.stock.left", left))
	if !ok {
		slog.WarnContext(ctx, "stock is too small", "shop.product.id", r.GetProductId(), "shop.stock.left", left)
		return nil, status.Errorf(codes.FailedPrecondition, "deduct %d of %q: %d left", r.GetQuantity(), r.GetProductId(), left)
	}
	span.AddEvent("inventory.deducted", trace.WithAttributes(attribute.Int64("shop.quantity", r.GetQuantity())))
	slog.InfoContext(ctx, "inventory was deducted", "shop.order.id", r.GetOrderId(), "shop.stock.left", left)
	return &inventorypb.DeductResponse{Left: left}, nil
}

// deductOnce deducts only once per order, even if called repeatedly.
func (s *Stock) deductOnce(r *inventorypb.DeductRequest) (left int64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	left = s.left[r.GetProductId()]
	if _, again := s.orders[r.GetOrderId()]; again {
		return left, true
	}
	if left < r.GetQuantity() {
		return left, false
	}
	left -= r.GetQuantity()
	s.left[r.GetProductId()] = left
	s.orders[r.GetOrderId()] = r
	s.recent = append(s.recent, r.GetOrderId())
	if len(s.recent) > maxRefundable {
		delete(s.orders, s.recent[0])
		s.recent = s.recent[1:]
	}
	return left, true
}

// Refund implements [inventorypb.InventoryServer].
func (s *Stock) Refund(ctx context.Context, r *inventorypb.RefundRequest) (*inventorypb.RefundResponse, error) {
	quantity := s.putBack(r.GetOrderId())
	span := trace.SpanFromContext(ctx)
	span.SetAttributes(attribute.String("shop.order.id", r.GetOrderId()), attribute.Int64("shop.quantity", quantity))
	span.AddEvent("inventory.refunded")
	slog.InfoContext(ctx, "inventory was refunded", "shop.order.id", r.GetOrderId(), "shop.quantity", quantity)
	return &inventorypb.RefundResponse{Quantity: quantity}, nil
}

func (s *Stock) putBack(order string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.orders[order]
	if !ok {
		return 0
	}
	delete(s.orders, order)
	s.left[r.GetProductId()] += r.GetQuantity()
	return r.GetQuantity()
}
