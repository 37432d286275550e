package order

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/trace"
)

// userKey is the baggage entry with the user's ID, which all services of an order see.
const userKey = "user.id"

// Handler serves POST /orders.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /orders", func(w http.ResponseWriter, r *http.Request) {
		var o Order
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&o); err != nil {
			http.Error(w, "read the order: "+err.Error(), http.StatusBadRequest)
			return
		}
		if o.User == "" || o.Product == "" || o.Quantity < 1 {
			http.Error(w, "read the order: user, product and a quantity of at least 1 are needed", http.StatusBadRequest)
			return
		}
		ctx, err := withUser(r.Context(), o.User)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		receipt, err := s.Place(ctx, o)
		if err != nil {
			receipt.Error = err.Error()
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(statusOf(outcomeOf(err)))
		if err := json.NewEncoder(w).Encode(receipt); err != nil {
			slog.WarnContext(ctx, "the client disconnected", "error", err)
		}
	})
	return mux
}

// withUser adds the user to the baggage, for all services of the order, and to the request's span, which was
// started before the user was known.
func withUser(ctx context.Context, user string) (context.Context, error) {
	member, err := baggage.NewMemberRaw(userKey, user)
	if err != nil {
		return ctx, fmt.Errorf("put user %q into the baggage: %w", user, err)
	}
	bag, err := baggage.FromContext(ctx).SetMember(member)
	if err != nil {
		return ctx, fmt.Errorf("put user %q into the baggage: %w", user, err)
	}
	trace.SpanFromContext(ctx).SetAttributes(attribute.String(userKey, user))
	return baggage.ContextWithBaggage(ctx, bag), nil
}
