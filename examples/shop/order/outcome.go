package order

import (
	"context"
	"errors"
	"net/http"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/telepod/telepod/examples/shop/payment"
	"github.com/telepod/telepod/examples/shop/product"
)

// Outcomes of an order: a closed set, because they are values of a metric attribute.
const (
	outcomePlaced     = "placed"
	outcomeUnknown    = "unknown product"
	outcomeOutOfStock = "out of stock"
	outcomeDeclined   = "payment declined"
	outcomeFailed     = "failed"
)

func outcomeOf(err error) string {
	switch {
	case err == nil:
		return outcomePlaced
	case errors.Is(err, product.ErrNotFound):
		return outcomeUnknown
	case errors.Is(err, payment.ErrDeclined):
		return outcomeDeclined
	case refused(err):
		return outcomeOutOfStock
	}
	return outcomeFailed
}

func statusOf(outcome string) int {
	switch outcome {
	case outcomePlaced:
		return http.StatusCreated
	case outcomeUnknown:
		return http.StatusNotFound
	case outcomeDeclined:
		return http.StatusPaymentRequired
	case outcomeOutOfStock:
		return http.StatusConflict
	}
	return http.StatusBadGateway
}

// refused reports whether the inventory answered and deducted nothing.
func refused(err error) bool {
	return status.Code(err) == codes.FailedPrecondition || status.Code(err) == codes.InvalidArgument
}

// refundUnlessRefused returns goods that may have been deducted by a call that broke off.
func (s *Service) refundUnlessRefused(ctx context.Context, id string, err error) error {
	if refused(err) {
		return nil
	}
	return s.refund(ctx, id)
}
