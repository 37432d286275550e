// Package payment is the payment service over HTTP. It only imitates one: the name of the card decides the
// result.
package payment
