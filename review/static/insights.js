// What is being counted is asked for again, until it is there.
setTimeout(() => location.reload(), 2000);
