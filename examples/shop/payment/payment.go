package payment

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/telepod/telepod/examples/shop/leak"
)

const scope = "github.com/telepod/telepod/examples/shop/payment"

// Cards determine the result of a payment.
const (
	CardOK       = "ok"
	CardDeclined = "declined" // is refused
	CardSlow     = "slow"     // is accepted after Options.Slow
)

// Charge is a payment request.
type Charge struct {
	OrderID string `json:"order_id"`
	Card    string `json:"card"`
	Cents   int64  `json:"cents"`
}

// ErrDeclined reports that the card was declined. Retrying does not help.
var ErrDeclined = errors.New("payment declined")

// Options configure the service.
type Options struct {
	// Slow is the delay of a payment with the card "slow".
	Slow time.Duration
	// Leak writes secrets into the telemetry to test redaction.
	Leak bool
}

type service struct {
	Options
	payments metric.Int64Counter
}

// NewHandler returns the handler of POST /charges.
func NewHandler(o Options) (http.Handler, error) {
	payments, err := otel.Meter(scope).Int64Counter("shop.payments", metric.WithDescription("Payments, by outcome."), metric.WithUnit("{payment}"))
	if err != nil {
		return nil, fmt.Errorf("create the counter of payments: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /charges", service{o, payments}.charge)
	return mux, nil
}

func (s service) charge(w http.ResponseWriter, r *http.Request) {
	ctx, span := r.Context(), trace.SpanFromContext(r.Context())
	var c Charge
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&c); err != nil {
		http.Error(w, "read the charge: "+err.Error(), http.StatusBadRequest)
		return
	}
	span.SetAttributes(attribute.String("shop.order.id", c.OrderID), attribute.Int64("shop.payment.cents", c.Cents))
	if s.Leak {
		leak.Secrets(ctx)
	}
	switch c.Card {
	case CardSlow:
		span.AddEvent("payment.review", trace.WithAttributes(attribute.Int64("shop.payment.review_ms", s.Slow.Milliseconds())))
		select {
		case <-time.After(s.Slow):
		case <-ctx.Done():
			span.SetStatus(codes.Error, "the client disconnected")
			return
		}
	case CardDeclined:
		span.RecordError(ErrDeclined)
		span.SetStatus(codes.Error, ErrDeclined.Error())
		s.payments.Add(ctx, 1, metric.WithAttributes(attribute.String("shop.outcome", "declined")))
		slog.WarnContext(ctx, "payment was declined", "shop.order.id", c.OrderID)
		http.Error(w, ErrDeclined.Error(), http.StatusPaymentRequired)
		return
	}
	s.payments.Add(ctx, 1, metric.WithAttributes(attribute.String("shop.outcome", "taken")))
	slog.InfoContext(ctx, "payment was taken", "shop.order.id", c.OrderID, "shop.payment.cents", c.Cents)
	w.WriteHeader(http.StatusNoContent)
}
