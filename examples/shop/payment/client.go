package payment

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/telepod/telepod/telemetry"
)

// Client charges payments.
type Client struct {
	url  string
	http *http.Client
}

// NewClient returns a client of the service at url. It propagates trace and baggage.
func NewClient(url string) Client { return Client{url, telemetry.Client()} }

// Charge charges a payment. It returns [ErrDeclined] if the card is declined.
func (c Client) Charge(ctx context.Context, charge Charge) error {
	body, err := json.Marshal(charge)
	if err != nil {
		return fmt.Errorf("take payment for order %s: %w", charge.OrderID, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/charges", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("take payment for order %s: %w", charge.OrderID, err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("take payment for order %s: %w", charge.OrderID, err)
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusNoContent:
		return nil
	case http.StatusPaymentRequired:
		return fmt.Errorf("take payment for order %s: %w", charge.OrderID, ErrDeclined)
	}
	return fmt.Errorf("take payment for order %s: %s answers %s", charge.OrderID, c.url, resp.Status)
}
