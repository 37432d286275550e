package load

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/telepod/telepod/examples/shop/order"
	"github.com/telepod/telepod/examples/shop/payment"
	"github.com/telepod/telepod/examples/shop/product"
)

// order returns the order with this number, the same in every run.
func (o Options) order(sequence int64) order.Order {
	goods := product.Catalogue()
	return order.Order{
		User:     fmt.Sprintf("user-%d", sequence%7+1),
		Product:  goods[sequence%int64(len(goods))].ID,
		Quantity: sequence%3 + 1,
		Card:     o.card(sequence),
		Run:      o.Run,
		Sequence: sequence,
	}
}

// card distributes the shares evenly over the run: the fractional parts of the multiples of the golden ratio are
// spread evenly between 0 and 1.
func (o Options) card(sequence int64) string {
	_, point := math.Modf(float64(sequence) * math.Phi)
	switch {
	case point < o.Failures:
		return payment.CardDeclined
	case point < o.Failures+o.Slow:
		return payment.CardSlow
	}
	return payment.CardOK
}

// Result is the result of one order.
type Result struct {
	order.Receipt
	Sequence int64
	Card     string
	Began    time.Time
	Took     time.Duration
	// Err is set if the result differs from what the card implies.
	Err error
}

func (o Options) place(ctx context.Context, client *http.Client, sequence int64) Result {
	asked := o.order(sequence)
	r := Result{Sequence: sequence, Card: asked.Card, Began: time.Now()}
	var status int
	r.Receipt, status, r.Err = post(ctx, client, o.URL+"/orders", asked)
	r.Took = time.Since(r.Began)
	expected := http.StatusCreated
	if asked.Card == payment.CardDeclined {
		expected = http.StatusPaymentRequired
	}
	if r.Err == nil && status != expected {
		r.Err = fmt.Errorf("place order %d, card %q: %d instead of %d: %s", sequence, asked.Card, status, expected, r.Error)
	}
	return r
}

func post(ctx context.Context, client *http.Client, url string, o order.Order) (receipt order.Receipt, status int, err error) {
	body, err := json.Marshal(o)
	if err != nil {
		return receipt, 0, fmt.Errorf("place order %d: %w", o.Sequence, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return receipt, 0, fmt.Errorf("place order %d: %w", o.Sequence, err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return receipt, 0, fmt.Errorf("place order %d: %w", o.Sequence, err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&receipt); err != nil {
		return receipt, 0, fmt.Errorf("place order %d: %s, which is not a receipt: %w", o.Sequence, resp.Status, err)
	}
	return receipt, resp.StatusCode, nil
}
