package main

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/telepod/telepod/examples/shop/inventory"
	"github.com/telepod/telepod/examples/shop/inventory/inventorypb"
	"github.com/telepod/telepod/examples/shop/order"
	"github.com/telepod/telepod/examples/shop/payment"
	"github.com/telepod/telepod/examples/shop/product"
	"github.com/telepod/telepod/telemetry"
)

func runOrder(ctx context.Context, args []string) error {
	f := newFlags("order")
	listen := f.listen(":8080")
	products := f.String("product", "", "URL of the catalogue")
	stock := f.String("inventory", "", "host:port of the inventory")
	payments := f.String("payment", "", "URL of the payment service")
	leak := f.leak()
	f.from("product", "PRODUCT_URL")
	f.from("inventory", "INVENTORY_ADDRESS")
	f.from("payment", "PAYMENT_URL")
	if err := f.parse(args); err != nil {
		return err
	}
	if err := f.require("product", "inventory", "payment"); err != nil {
		return err
	}
	defer observe(ctx, "order")()
	conn, err := grpc.NewClient(*stock, grpc.WithTransportCredentials(insecure.NewCredentials()), telemetry.DialOption())
	if err != nil {
		return fmt.Errorf("use the inventory at %q: %w", *stock, err)
	}
	defer conn.Close()
	service, err := order.NewService(order.Upstreams{
		Products:  product.NewClient(*products),
		Inventory: inventorypb.NewInventoryClient(conn),
		Payments:  payment.NewClient(*payments),
	}, *leak)
	if err != nil {
		return err
	}
	return serveHTTP(ctx, *listen, service.Handler())
}

func runProduct(ctx context.Context, args []string) error {
	f := newFlags("product")
	listen := f.listen(":8080")
	if err := f.parse(args); err != nil {
		return err
	}
	defer observe(ctx, "product")()
	return serveHTTP(ctx, *listen, product.Handler())
}

func runPayment(ctx context.Context, args []string) error {
	f := newFlags("payment")
	listen := f.listen(":8080")
	slow := f.Duration("slow", 1200*time.Millisecond, `how long the card "slow" takes`)
	f.from("slow", "SHOP_SLOW")
	leak := f.leak()
	if err := f.parse(args); err != nil {
		return err
	}
	defer observe(ctx, "payment")()
	handler, err := payment.NewHandler(payment.Options{Slow: *slow, Leak: *leak})
	if err != nil {
		return err
	}
	return serveHTTP(ctx, *listen, handler)
}

func runInventory(ctx context.Context, args []string) error {
	f := newFlags("inventory")
	listen := f.listen(":9090")
	each := f.Int64("stock", 1_000_000, "how many of each product there are")
	f.from("stock", "SHOP_STOCK")
	if err := f.parse(args); err != nil {
		return err
	}
	defer observe(ctx, "inventory")()
	var ids []string
	for _, p := range product.Catalogue() {
		ids = append(ids, p.ID)
	}
	stock, err := inventory.NewStock(ids, *each)
	if err != nil {
		return err
	}
	return serveGRPC(ctx, *listen, func(s *grpc.Server) { inventorypb.RegisterInventoryServer(s, stock) })
}

func (f flags) listen(address string) *string {
	listen := f.String("listen", address, "address to listen on")
	f.from("listen", "SHOP_LISTEN")
	return listen
}

func (f flags) leak() *bool {
	leak := f.Bool("leak", false, "write secrets into the telemetry, for redaction to find")
	f.from("leak", "SHOP_LEAK")
	return leak
}
