package main

// int80Techniques: there is nothing to try on this architecture.
var int80Techniques []technique
