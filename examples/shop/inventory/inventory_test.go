package inventory

import (
	"fmt"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/telepod/telepod/examples/shop/inventory/inventorypb"
)

func newStock(t *testing.T, each int64) *Stock {
	t.Helper()
	s, err := NewStock([]string{"cup"}, each)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func deduct(t *testing.T, s *Stock, order, product string, quantity int64) codes.Code {
	t.Helper()
	_, err := s.Deduct(t.Context(), &inventorypb.DeductRequest{OrderId: order, ProductId: product, Quantity: quantity})
	return status.Code(err)
}

func refund(t *testing.T, s *Stock, order string) int64 {
	t.Helper()
	answer, err := s.Refund(t.Context(), &inventorypb.RefundRequest{OrderId: order})
	if err != nil {
		t.Fatal(err)
	}
	return answer.GetQuantity()
}

func TestDeductAndRefund(t *testing.T) {
	s := newStock(t, 10)
	for _, step := range []struct {
		what string
		do   func() any
		want any
		left int64
	}{
		{"deduct", func() any { return deduct(t, s, "a", "cup", 4) }, codes.OK, 6},
		{"deduct again for the same order", func() any { return deduct(t, s, "a", "cup", 4) }, codes.OK, 6},
		{"deduct too much", func() any { return deduct(t, s, "b", "cup", 7) }, codes.FailedPrecondition, 6},
		{"deduct an unknown product", func() any { return deduct(t, s, "b", "spoon", 1) }, codes.FailedPrecondition, 6},
		{"deduct nothing", func() any { return deduct(t, s, "b", "cup", 0) }, codes.InvalidArgument, 6},
		{"refund a refused order", func() any { return refund(t, s, "b") }, int64(0), 6},
		{"refund", func() any { return refund(t, s, "a") }, int64(4), 10},
		{"refund again", func() any { return refund(t, s, "a") }, int64(0), 10},
	} {
		if got := step.do(); got != step.want || s.Left("cup") != step.left {
			t.Errorf("%s: %v, %d left; want %v, %d left", step.what, got, s.Left("cup"), step.want, step.left)
		}
	}
}

func TestStockIsBounded(t *testing.T) {
	s := newStock(t, 2*maxRefundable)
	for i := range maxRefundable + 1 {
		deduct(t, s, fmt.Sprint(i), "cup", 1)
	}
	if len(s.orders) != maxRefundable || len(s.recent) != maxRefundable {
		t.Errorf("remembers %d orders, want %d", len(s.orders), maxRefundable)
	}
	if got := refund(t, s, "0"); got != 0 {
		t.Errorf("refunds %d for a forgotten order", got)
	}
}
