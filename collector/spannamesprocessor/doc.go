// Package spannamesprocessor replaces identifiers in span names, and shortens them, for a pipeline that counts spans by name.
//
// Names with identifiers, such as "GET /orders/4711", make one series for each identifier. The processor does not
// change its input: it copies a request only if a name in it has an identifier.
package spannamesprocessor
