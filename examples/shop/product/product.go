package product

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/telepod/telepod/telemetry"
)

// Product is an article of the catalogue.
type Product struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Cents int64  `json:"cents"`
}

// ErrNotFound reports an unknown product.
var ErrNotFound = errors.New("no such product")

// Catalogue returns all products.
func Catalogue() []Product {
	return []Product{
		{"cup", "Cup of stoneware", 900},
		{"kettle", "Kettle, 1.5 l", 4900},
		{"teapot", "Teapot with a strainer", 3200},
	}
}

// Handler returns the handler of GET /products and GET /products/{id}.
func Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /products", func(w http.ResponseWriter, r *http.Request) { reply(w, r, Catalogue()) })
	mux.HandleFunc("GET /products/{id}", one)
	return mux
}

func one(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	span := trace.SpanFromContext(r.Context())
	span.SetAttributes(attribute.String("shop.product.id", id))
	for _, p := range Catalogue() {
		if p.ID == id {
			span.SetAttributes(attribute.Int64("shop.product.cents", p.Cents))
			slog.InfoContext(r.Context(), "product was read", "shop.product.id", id)
			reply(w, r, p)
			return
		}
	}
	slog.WarnContext(r.Context(), "product is unknown", "shop.product.id", id)
	http.Error(w, ErrNotFound.Error(), http.StatusNotFound)
}

func reply(w http.ResponseWriter, r *http.Request, body any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(body); err != nil {
		slog.WarnContext(r.Context(), "the client disconnected", "error", err)
	}
}

// Client reads the catalogue.
type Client struct {
	url  string
	http *http.Client
}

// NewClient returns a client of the catalogue at url. It propagates trace and baggage.
func NewClient(url string) Client { return Client{url, telemetry.Client()} }

// Find reads one product. It returns [ErrNotFound] if the ID is unknown.
func (c Client) Find(ctx context.Context, id string) (Product, error) {
	var p Product
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+"/products/"+url.PathEscape(id), nil)
	if err != nil {
		return p, fmt.Errorf("read product %q: %w", id, err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return p, fmt.Errorf("read product %q: %w", id, err)
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return p, fmt.Errorf("read product %q: %w", id, ErrNotFound)
	default:
		return p, fmt.Errorf("read product %q: %s answers %s", id, c.url, resp.Status)
	}
	if err := json.NewDecoder(resp.Body).Decode(&p); err != nil {
		return p, fmt.Errorf("read product %q from %s: %w", id, c.url, err)
	}
	return p, nil
}
