// Package order takes orders over HTTP: it reads the product, deducts it from the inventory, takes
// the payment, and refunds the inventory when the payment fails. Everything that happens to one
// order is one trace, whose baggage names the user.
package order
