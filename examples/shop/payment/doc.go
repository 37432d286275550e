// Package payment takes money, or rather decides by the card's name whether it would, over HTTP.
package payment
