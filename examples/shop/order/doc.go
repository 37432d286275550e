// Package order accepts orders over HTTP: it reads the product, deducts it from the inventory, charges the
// payment, and refunds the inventory if the payment fails. An order is one trace, with the user in its baggage.
package order
